# The log's key. Only the empty secret is created here. The operator adds the key, so that it is
# never in Terraform's state.
resource "aws_secretsmanager_secret" "key" {
  name                    = "${var.name}-log-key"
  description             = "The key file of the log ${var.domain_name}."
  recovery_window_in_days = 30
  tags                    = var.tags
}

# The role that starts the writers: it pulls the image, reads the key and creates the log stream.
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
