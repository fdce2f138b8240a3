# Versioning stays off. Only `checkpoint` is ever overwritten, and it follows from the commit
# records. Versions would keep every trimmed record and partial tile, or need a lifecycle rule that
# removes them, which must not exist.
resource "aws_s3_bucket" "log" {
  bucket        = var.bucket_name
  force_destroy = false
  tags          = var.tags
}

resource "aws_s3_bucket_public_access_block" "log" {
  bucket                  = aws_s3_bucket.log.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "log" {
  bucket = aws_s3_bucket.log.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "log" {
  bucket = aws_s3_bucket.log.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

# The only lifecycle rule that this bucket can have. Only writers may remove commit records: a rule
# that removes one can let a writer that was frozen commit to a history that has moved on.
resource "aws_s3_bucket_lifecycle_configuration" "log" {
  bucket = aws_s3_bucket.log.id

  rule {
    id     = "abort-incomplete-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

# For pages that read the bucket directly. CloudFront adds the same headers to its own answers.
resource "aws_s3_bucket_cors_configuration" "log" {
  bucket = aws_s3_bucket.log.id

  cors_rule {
    allowed_origins = ["*"]
    allowed_methods = ["GET", "HEAD"]
    allowed_headers = ["*"]
    expose_headers  = local.exposed_headers
    max_age_seconds = 86400
  }
}
