# What a writer can do. Attach the policy to other roles to run writers elsewhere.
data "aws_iam_policy_document" "writer" {
  statement {
    sid       = "ReadAndWrite"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${local.objects_arn}/*"]
  }

  # Trimmed commit records, partial tiles once the full one is published, and parts of the index
  # that were merged.
  statement {
    sid     = "Tidy"
    actions = ["s3:DeleteObject"]
    resources = [
      "${local.objects_arn}/_writer/*",
      "${local.objects_arn}/tile/*.p/*",
      "${local.objects_arn}/time/*.p/*",
      "${local.objects_arn}/lookup/run/*",
      "${local.objects_arn}/lookup/tile/*.p/*",
    ]
  }

  # No condition on s3:prefix: a read of a missing object carries no prefix, and would then be
  # answered 403. A writer must be able to learn that a record does not exist yet. The bucket holds
  # nothing else.
  statement {
    sid       = "List"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.log.arn]
  }
}

resource "aws_iam_policy" "writer" {
  name   = "${var.name}-writer"
  policy = data.aws_iam_policy_document.writer.json
  tags   = var.tags
}

data "aws_iam_policy_document" "tasks" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "writer" {
  name               = "${var.name}-writer"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
  tags               = var.tags
}

resource "aws_iam_role_policy_attachment" "writer" {
  role       = aws_iam_role.writer.name
  policy_arn = aws_iam_policy.writer.arn
}
