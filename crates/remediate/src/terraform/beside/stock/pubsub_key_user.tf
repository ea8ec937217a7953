resource "google_kms_crypto_key_iam_member" "{{name}}" {
  crypto_key_id = {{pubsub_key}}.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:service-${{{gcp_project}}.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}
