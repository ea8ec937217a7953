resource "google_kms_key_ring" "{{name}}" {
  name     = "{{name}}"
  location = lookup({ EU = "europe", US = "us" }, {{own.location}}, lower({{own.location}}))
}
