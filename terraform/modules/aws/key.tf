# The log's secret: its key, or, if a key service has that, what the writers know each other by. Only
# the empty secret is created here. The operator puts it in, so that it is never in Terraform's
# state.
resource "aws_secretsmanager_secret" "key" {
  name                    = "${var.name}-log-key"
  description             = "The secret of the log ${var.domain_name}."
  recovery_window_in_days = 30
  tags                    = var.tags
}

locals {
  key_service = var.kms_key_arn == null ? {} : { FASTI_KEY = "awskms:///${var.kms_key_arn}" }
  secret_name = var.kms_key_arn == null ? "FASTI_KEY_TEXT" : "FASTI_PEER_SECRET_TEXT"
}

data "aws_iam_policy_document" "sign" {
  count = var.kms_key_arn == null ? 0 : 1

  statement {
    actions   = ["kms:GetPublicKey", "kms:Sign"]
    resources = [var.kms_key_arn]
  }
}

resource "aws_iam_role_policy" "sign" {
  count = var.kms_key_arn == null ? 0 : 1

  name   = "sign"
  role   = aws_iam_role.writer.id
  policy = data.aws_iam_policy_document.sign[0].json
}

# The role that starts the writers: it pulls the image, reads the secret and creates the log stream.
resource "aws_iam_role" "starter" {
  name               = "${var.name}-starter"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
  tags               = var.tags
}

resource "aws_iam_role_policy_attachment" "starter" {
  role       = aws_iam_role.starter.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

data "aws_iam_policy_document" "key" {
  statement {
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [aws_secretsmanager_secret.key.arn]
  }
}

resource "aws_iam_role_policy" "key" {
  name   = "read-log-key"
  role   = aws_iam_role.starter.id
  policy = data.aws_iam_policy_document.key.json
}
