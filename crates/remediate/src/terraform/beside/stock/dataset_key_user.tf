resource "google_kms_crypto_key_iam_member" "{{name}}" {
  crypto_key_id = {{dataset_key}}.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:${{{bigquery_agent}}.email}"
}
