export const SAM = `Resources:
  BatonPoll: # runs the workflows; woken every minute, and at once by whoever enqueues
    Type: AWS::Serverless::Function
    Metadata: &esbuild
      BuildMethod: esbuild
      BuildProperties: { EntryPoints: [baton/index.EXTENSION], Target: node22, External: ["@aws-sdk/*", "OTHER"] }
    Properties:
      FunctionName: !Sub "\${AWS::StackName}-baton-poll" # by which BatonAnswer knows it: CloudFormation makes no circles
      CodeUri: .
      Handler: index.poll
      Runtime: nodejs24.x
      Timeout: 300
      MemorySize: 1024
      EventInvokeConfig: { MaximumRetryAttempts: 0 }
      Environment:
        Variables:
          DATABASE_URL: !Ref DatabaseUrl
          BATON_SERVICE: !Ref AWS::StackName
          BATON_TICKET_KEYS: !Ref TicketKeys
          BATON_PUBLIC_URL: !Sub "https://\${BatonApi}.execute-api.\${AWS::Region}.\${AWS::URLSuffix}" # what links begin with
      Events:
        EveryMinute:
          Type: ScheduleV2
          Properties: { ScheduleExpression: rate(1 minute) }
  BatonDaily: # partitions ahead, indexes, retention
    Type: AWS::Serverless::Function
    Metadata: *esbuild
    Properties:
      CodeUri: .
      Handler: index.daily
      Runtime: nodejs24.x
      Timeout: 900
      Environment:
        Variables:
          DATABASE_URL: !Ref DatabaseUrl
          BATON_SERVICE: !Ref AWS::StackName
      Events:
        EveryDay:
          Type: ScheduleV2
          Properties: { ScheduleExpression: rate(1 day) }
  # Links of approvals and answers to callbacks; where no workflow has any, leave out BatonApi, BatonAnswer, and the poller's last two variables.
  BatonApi: # its routes take no key, so it has a rate of its own
    Type: AWS::Serverless::HttpApi
    Properties:
      DefaultRouteSettings: { ThrottlingRateLimit: 20, ThrottlingBurstLimit: 40 }
  BatonAnswer:
    Type: AWS::Serverless::Function
    Metadata: *esbuild
    Properties:
      CodeUri: .
      Handler: index.answer
      Runtime: nodejs24.x
      Timeout: 15
      MemorySize: 512
      Environment:
        Variables:
          DATABASE_URL: !Ref DatabaseUrl
          BATON_SERVICE: !Ref AWS::StackName
          BATON_TICKET_KEYS: !Ref TicketKeys
          POLLER_FUNCTION_NAME: !Sub "\${AWS::StackName}-baton-poll"
      Policies: [{ LambdaInvokePolicy: { FunctionName: !Sub "\${AWS::StackName}-baton-poll" } }]
      Events:
        Show:
          Type: HttpApi
          Properties: { ApiId: !Ref BatonApi, Method: GET, Path: "/approvals/{token}" }
        Decide:
          Type: HttpApi
          Properties: { ApiId: !Ref BatonApi, Method: POST, Path: "/approvals/{token}" }
        Complete:
          Type: HttpApi
          Properties: { ApiId: !Ref BatonApi, Method: POST, Path: "/callbacks/{token}/complete" }
        Fail:
          Type: HttpApi
          Properties: { ApiId: !Ref BatonApi, Method: POST, Path: "/callbacks/{token}/fail" }
        Heartbeat:
          Type: HttpApi
          Properties: { ApiId: !Ref BatonApi, Method: POST, Path: "/callbacks/{token}/heartbeat" }

# Parameters has DatabaseUrl: { Type: String, NoEcho: true }, and TicketKeys the same with Default: "".
# A ticket key signs links and tokens: TicketKeys="k1:$(openssl rand -hex 32)", the same at each deployment.
# A function that enqueues wakes the poller with createNudge(process.env.POLLER_FUNCTION_NAME):
#   Environment: { Variables: { POLLER_FUNCTION_NAME: !Ref BatonPoll } }
#   Policies: [{ LambdaInvokePolicy: { FunctionName: !Ref BatonPoll } }]
`;
