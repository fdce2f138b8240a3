# The log's public face: reads from the bucket, submissions to the writers, one host name.
locals {
  bucket_origin  = "bucket"
  writers_origin = "writers"

  # For the index, everything but its newest manifest and checkpoint.
  # CloudFront allows 25 patterns by default, and `*` stands for any characters.
  immutable_prefixes = ["tile", "time", "attestations", "heads/*", "lookup/run", "lookup/tile", "lookup/revision"]
  immutable_paths    = flatten([for path in local.immutable_prefixes : ["/${path}/*", "/api/v2/${path}/*"]])
}

resource "aws_cloudfront_origin_access_control" "log" {
  name                              = var.name
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

resource "aws_cloudfront_function" "read" {
  name    = "${var.name}-read"
  comment = "Paths of reads; the writers' part is not there"
  runtime = "cloudfront-js-2.0"
  code    = file("${path.module}/edge.js")
}

resource "aws_cloudfront_vpc_origin" "writers" {
  count = var.public_submissions ? 1 : 0
  tags  = var.tags

  vpc_origin_endpoint_config {
    name                   = "${var.name}-writers"
    arn                    = aws_lb.writers.arn
    http_port              = 80
    https_port             = 443
    origin_protocol_policy = "http-only"

    origin_ssl_protocols {
      items    = ["TLSv1.2"]
      quantity = 1
    }
  }
}

resource "aws_cloudfront_distribution" "log" {
  enabled         = true
  is_ipv6_enabled = true
  http_version    = "http2and3"
  comment         = "The log ${var.domain_name}"
  aliases         = [var.domain_name]
  web_acl_id      = var.web_acl_arn
  tags            = var.tags

  origin {
    origin_id                = local.bucket_origin
    domain_name              = aws_s3_bucket.log.bucket_regional_domain_name
    origin_path              = "/${var.prefix}"
    origin_access_control_id = aws_cloudfront_origin_access_control.log.id
  }

  dynamic "origin" {
    for_each = aws_cloudfront_vpc_origin.writers

    content {
      origin_id   = local.writers_origin
      domain_name = aws_lb.writers.dns_name

      vpc_origin_config {
        vpc_origin_id       = origin.value.id
        origin_read_timeout = 60
      }
    }
  }

  default_cache_behavior {
    target_origin_id           = local.bucket_origin
    viewer_protocol_policy     = "redirect-to-https"
    allowed_methods            = ["GET", "HEAD", "OPTIONS"]
    cached_methods             = ["GET", "HEAD"]
    compress                   = false
    cache_policy_id            = aws_cloudfront_cache_policy.fresh.id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.cors.id

    function_association {
      event_type   = "viewer-request"
      function_arn = aws_cloudfront_function.read.arn
    }
  }

  dynamic "ordered_cache_behavior" {
    for_each = local.immutable_paths

    content {
      path_pattern               = ordered_cache_behavior.value
      target_origin_id           = local.bucket_origin
      viewer_protocol_policy     = "redirect-to-https"
      allowed_methods            = ["GET", "HEAD", "OPTIONS"]
      cached_methods             = ["GET", "HEAD"]
      compress                   = false
      cache_policy_id            = aws_cloudfront_cache_policy.immutable.id
      response_headers_policy_id = aws_cloudfront_response_headers_policy.cors.id

      function_association {
        event_type   = "viewer-request"
        function_arn = aws_cloudfront_function.read.arn
      }
    }
  }

  # CloudFront offers POST only together with all other methods; the load balancer refuses those.
  dynamic "ordered_cache_behavior" {
    for_each = var.public_submissions ? concat(local.submission_paths, local.rekor_v1_paths) : []

    content {
      path_pattern             = ordered_cache_behavior.value
      target_origin_id         = local.writers_origin
      viewer_protocol_policy   = "https-only"
      allowed_methods          = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
      cached_methods           = ["GET", "HEAD"]
      compress                 = false
      cache_policy_id          = data.aws_cloudfront_cache_policy.disabled.id
      origin_request_policy_id = data.aws_cloudfront_origin_request_policy.all_viewer.id
    }
  }

  # A missing tile can appear at any moment.
  dynamic "custom_error_response" {
    for_each = [403, 404]

    content {
      error_code            = custom_error_response.value
      error_caching_min_ttl = 1
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    acm_certificate_arn      = var.certificate_arn
    ssl_support_method       = "sni-only"
    minimum_protocol_version = "TLSv1.2_2021"
  }
}

resource "aws_route53_record" "log" {
  for_each = var.zone_id == null ? toset([]) : toset(["A", "AAAA"])

  zone_id = var.zone_id
  name    = var.domain_name
  type    = each.value

  alias {
    name                   = aws_cloudfront_distribution.log.domain_name
    zone_id                = aws_cloudfront_distribution.log.hosted_zone_id
    evaluate_target_health = false
  }
}
