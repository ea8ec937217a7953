resource "google_kms_key_ring" "{{name}}" {
  name     = "{{name}}"
  location = lookup({ EU = "europe", US = "us" }, {{of.dataset_id.location}}, lower({{of.dataset_id.location}}))
}
