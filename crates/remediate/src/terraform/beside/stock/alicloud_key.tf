resource "alicloud_kms_key" "{{name}}" {
  description            = "Encrypts data at rest"
  pending_window_in_days = 30
  automatic_rotation     = "Enabled"
  rotation_interval      = "365d"
}
