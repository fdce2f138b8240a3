# Applies to everyone, writers and administrators included. The writers' protocol does not need any
# of these statements; they limit what a stolen role or a mistake can do.
data "aws_iam_policy_document" "bucket" {
  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.log.arn, "${aws_s3_bucket.log.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  # Without `If-None-Match` an upload could replace what is there. This refuses copies and multipart
  # uploads too; writers make neither.
  statement {
    sid     = "TilesAndRecordsAreCreatedOnce"
    effect  = "Deny"
    actions = ["s3:PutObject"]
    resources = [
      "${local.objects_arn}/tile/*",
      "${local.objects_arn}/time/*",
      "${local.objects_arn}/attestations/*",
      "${local.objects_arn}/heads/page/*",
      "${local.objects_arn}/heads/note/*",
      "${local.objects_arn}/heads/json/*",
      "${local.objects_arn}/_writer/commit/*",
      "${local.objects_arn}/lookup/run/*",
      "${local.objects_arn}/lookup/revision/*",
      "${local.objects_arn}/lookup/tile/*",
    ]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Null"
      variable = "s3:if-none-match"
      values   = ["true"]
    }
  }

  # Both conditions must hold for the denial: neither header is there.
  statement {
    sid     = "WhatChangesIsReplacedConditionally"
    effect  = "Deny"
    actions = ["s3:PutObject"]
    resources = [
      "${local.objects_arn}/checkpoint",
      "${local.objects_arn}/log.json",
      "${local.objects_arn}/lookup/checkpoint",
      "${local.objects_arn}/lookup/latest",
      "${local.objects_arn}/heads/latest",
    ]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Null"
      variable = "s3:if-match"
      values   = ["true"]
    }

    condition {
      test     = "Null"
      variable = "s3:if-none-match"
      values   = ["true"]
    }
  }

  # Published files stay. Only the writers' own files, partial tiles, and parts that the index no
  # longer uses are ever removed.
  statement {
    sid     = "PublishedFilesStay"
    effect  = "Deny"
    actions = ["s3:DeleteObject"]
    not_resources = [
      "${local.objects_arn}/_writer/*",
      "${local.objects_arn}/tile/*.p/*",
      "${local.objects_arn}/time/*.p/*",
      "${local.objects_arn}/lookup/run/*",
      "${local.objects_arn}/lookup/tile/*.p/*",
    ]

    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }

  statement {
    sid       = "ReadersRead"
    effect    = "Allow"
    actions   = ["s3:GetObject"]
    resources = ["${local.objects_arn}/*"]

    principals {
      type        = "Service"
      identifiers = ["cloudfront.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudfront_distribution.log.arn]
    }
  }

  # With this a missing object is answered 404 and not 403; on 404, readers fall back from a partial
  # tile to the full one. It exposes no listing, as every path at the edge becomes a key under the
  # prefix.
  statement {
    sid       = "ReadersLearnWhatIsMissing"
    effect    = "Allow"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.log.arn]

    principals {
      type        = "Service"
      identifiers = ["cloudfront.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudfront_distribution.log.arn]
    }
  }

  statement {
    sid       = "WritersPartIsPrivate"
    effect    = "Deny"
    actions   = ["s3:GetObject"]
    resources = ["${local.objects_arn}/_writer/*"]

    principals {
      type        = "Service"
      identifiers = ["cloudfront.amazonaws.com"]
    }
  }
}

resource "aws_s3_bucket_policy" "log" {
  bucket = aws_s3_bucket.log.id
  policy = data.aws_iam_policy_document.bucket.json

  depends_on = [aws_s3_bucket_public_access_block.log]
}
