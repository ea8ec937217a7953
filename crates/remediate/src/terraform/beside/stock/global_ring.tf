resource "google_kms_key_ring" "{{name}}" {
  name     = "{{name}}"
  location = "global"
}
