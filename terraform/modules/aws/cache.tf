# How long CloudFront caches what. Origin headers are honoured within these bounds. The cache key is
# only the path, and nothing is compressed on the way: tiles are hashes, and bundles come as they
# are stored.

# Tiles, bundles, parts of the index: a path's content never changes. Parts are asked for in ranges.
resource "aws_cloudfront_cache_policy" "immutable" {
  name        = "${var.name}-immutable"
  min_ttl     = 0
  default_ttl = 86400
  max_ttl     = 31536000

  parameters_in_cache_key_and_forwarded_to_origin {
    enable_accept_encoding_brotli = false
    enable_accept_encoding_gzip   = false

    cookies_config {
      cookie_behavior = "none"
    }

    headers_config {
      header_behavior = "none"
    }

    query_strings_config {
      query_string_behavior = "none"
    }
  }
}

# `checkpoint` and everything else. The lower bound keeps crowds of readers away from the bucket,
# whatever the origin's headers say.
resource "aws_cloudfront_cache_policy" "fresh" {
  name        = "${var.name}-fresh"
  min_ttl     = var.checkpoint_seconds
  default_ttl = var.checkpoint_seconds
  max_ttl     = max(var.checkpoint_seconds, 1)

  parameters_in_cache_key_and_forwarded_to_origin {
    enable_accept_encoding_brotli = false
    enable_accept_encoding_gzip   = false

    cookies_config {
      cookie_behavior = "none"
    }

    headers_config {
      header_behavior = "none"
    }

    query_strings_config {
      query_string_behavior = "none"
    }
  }
}

data "aws_cloudfront_cache_policy" "disabled" {
  name = "Managed-CachingDisabled"
}

data "aws_cloudfront_origin_request_policy" "all_viewer" {
  name = "Managed-AllViewerExceptHostHeader"
}

# Pages of all sites can read the log. edge.js answers preflights.
resource "aws_cloudfront_response_headers_policy" "cors" {
  name = "${var.name}-cors"

  cors_config {
    access_control_allow_credentials = false
    access_control_max_age_sec       = 86400
    origin_override                  = true

    access_control_allow_origins {
      items = ["*"]
    }

    access_control_allow_methods {
      items = ["GET", "HEAD"]
    }

    access_control_allow_headers {
      items = ["*"]
    }

    access_control_expose_headers {
      items = local.exposed_headers
    }
  }
}
