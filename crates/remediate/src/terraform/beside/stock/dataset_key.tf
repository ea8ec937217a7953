resource "google_kms_crypto_key" "{{name}}" {
  name            = "{{name}}"
  key_ring        = {{dataset_ring}}.id
  rotation_period = "7776000s"

  lifecycle {
    prevent_destroy = true
  }
}
