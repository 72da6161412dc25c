export const TERRAFORM = `# dist/baton.zip holds index.cjs:
#   esbuild baton/index.EXTENSION --bundle --platform=node --format=cjs --outfile=dist/index.cjs '--external:@aws-sdk/*' \\
#     '--define:process.env.BATON_BUNDLED_DRIVER="DRIVER"'
# The role aws_iam_role.baton allows lambda:InvokeFunction on the function poll, so that who enqueues or answers wakes it.
locals {
  baton = {
    poll   = { timeout = 300, memory = 1024 } # runs the workflows
    daily  = { timeout = 900, memory = 1024 } # partitions ahead, indexes, retention
    answer = { timeout = 15, memory = 512 }   # links of approvals and answers to callbacks; leave it out where no workflow has any
  }
  baton_schedules = { poll = "rate(1 minute)", daily = "rate(1 day)" }
  # Leave these out with answer.
  baton_routes = toset([
    "GET /approvals/{token}", "POST /approvals/{token}",
    "POST /callbacks/{token}/complete", "POST /callbacks/{token}/fail", "POST /callbacks/{token}/heartbeat",
  ])
}

resource "aws_lambda_function" "baton" {
  for_each         = local.baton
  function_name    = "\${var.service}-\${each.key}"
  role             = aws_iam_role.baton.arn
  runtime          = "nodejs24.x"
  handler          = "index.\${each.key}"
  filename         = "dist/baton.zip"
  source_code_hash = filebase64sha256("dist/baton.zip")
  timeout          = each.value.timeout
  memory_size      = each.value.memory
  environment {
    variables = {
      DATABASE_URL         = var.database_url
      BATON_SERVICE        = var.service
      BATON_TICKET_KEYS    = var.ticket_keys # signs links and tokens: "k1:$(openssl rand -hex 32)", the same at each deployment
      BATON_PUBLIC_URL     = aws_apigatewayv2_api.baton.api_endpoint
      POLLER_FUNCTION_NAME = "\${var.service}-poll"
    }
  }
}

resource "aws_cloudwatch_event_rule" "baton" {
  for_each            = local.baton_schedules
  name                = "\${var.service}-\${each.key}"
  schedule_expression = each.value
}

resource "aws_cloudwatch_event_target" "baton" {
  for_each = local.baton_schedules
  rule     = aws_cloudwatch_event_rule.baton[each.key].name
  arn      = aws_lambda_function.baton[each.key].arn
}

resource "aws_lambda_permission" "baton" {
  for_each      = local.baton_schedules
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.baton[each.key].function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.baton[each.key].arn
}

resource "aws_apigatewayv2_api" "baton" {
  name          = "\${var.service}-baton"
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_stage" "baton" { # its routes take no key, so it has a rate of its own
  api_id      = aws_apigatewayv2_api.baton.id
  name        = "$default"
  auto_deploy = true
  default_route_settings {
    throttling_rate_limit  = 20
    throttling_burst_limit = 40
  }
}

resource "aws_apigatewayv2_integration" "baton" {
  api_id                 = aws_apigatewayv2_api.baton.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_function.baton["answer"].invoke_arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "baton" {
  for_each  = local.baton_routes
  api_id    = aws_apigatewayv2_api.baton.id
  route_key = each.value
  target    = "integrations/\${aws_apigatewayv2_integration.baton.id}"
}

resource "aws_lambda_permission" "baton_api" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.baton["answer"].function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "\${aws_apigatewayv2_api.baton.execution_arn}/*"
}
`;
