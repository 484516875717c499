# With the key, the index and the TTL that `edge-auth store init dynamodb:TABLE` makes.
resource "aws_dynamodb_table" "this" {
  name                        = var.name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  range_key                   = "sk"
  deletion_protection_enabled = var.deletion_protection

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sk"
    type = "S"
  }

  attribute {
    name = "mark"
    type = "S"
  }

  local_secondary_index {
    name            = "mark"
    range_key       = "mark"
    projection_type = "KEYS_ONLY"
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  # After a restore, repeat the revocations that were made since the backup: the older table does not have them.
  point_in_time_recovery {
    enabled = true
  }
}
