export const SERVERLESS = `functions:
  batonPoll: # runs the workflows; woken every minute, and at once by whoever enqueues
    handler: baton/index.poll
    timeout: 300
    memorySize: 1024
    maximumRetryAttempts: 0 # the state is in the database: the next poller continues
    environment:
      <<: &baton
        DATABASE_URL: \${env:DATABASE_URL}
        BATON_SERVICE: \${self:service}
        BATON_STAGE: \${sls:stage}
        BATON_TICKET_KEYS: \${env:BATON_TICKET_KEYS, ''}
      BATON_PUBLIC_URL: { Fn::GetAtt: [HttpApi, ApiEndpoint] } # what the links of approvals begin with
    events:
      - schedule: rate(1 minute)
  batonDaily: # partitions ahead, indexes, retention
    handler: baton/index.daily
    timeout: 900
    environment: *baton
    events:
      - schedule: rate(1 day)
  batonAnswer: # links of approvals and answers to callbacks; leave it out, and what stands below resources, where no workflow has any
    handler: baton/index.answer
    timeout: 15
    environment: *baton
    events:
      - httpApi: GET /approvals/{token}
      - httpApi: POST /approvals/{token}
      - httpApi: POST /callbacks/{token}/complete
      - httpApi: POST /callbacks/{token}/fail
      - httpApi: POST /callbacks/{token}/heartbeat

resources:
  extensions:
    HttpApiStage: # these routes take no key: each has a rate of its own, and leaves the rest of the API alone
      DependsOn:
        - HttpApiRouteGetApprovalsTokenVar
        - HttpApiRoutePostApprovalsTokenVar
        - HttpApiRoutePostCallbacksTokenVarComplete
        - HttpApiRoutePostCallbacksTokenVarFail
        - HttpApiRoutePostCallbacksTokenVarHeartbeat
      Properties:
        RouteSettings:
          GET /approvals/{token}: &open { ThrottlingRateLimit: 20, ThrottlingBurstLimit: 40 }
          POST /approvals/{token}: *open
          POST /callbacks/{token}/complete: *open
          POST /callbacks/{token}/fail: *open
          POST /callbacks/{token}/heartbeat: *open

# A ticket key signs links and tokens: BATON_TICKET_KEYS="k1:$(openssl rand -hex 32)", the same at each deployment.
# Tell what bundles your functions which driver they carry, such as esbuild:
#   define: { "process.env.BATON_BUNDLED_DRIVER": '"DRIVER"' }
# batonAnswer, and a function that enqueues with createNudge(process.env.POLLER_FUNCTION_NAME), wake the poller:
#   environment: { POLLER_FUNCTION_NAME: { Ref: BatonPollLambdaFunction } }
# and their role allows lambda:InvokeFunction on { Fn::GetAtt: [BatonPollLambdaFunction, Arn] }.
`;
