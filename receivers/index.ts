export { type ReceiversConfig, receiversConfig } from "./config.ts";
export { OtlpIntake, type OtlpIntakeOptions } from "./otlp/intake.ts";
export { type OtlpGrpcServer, startOtlpGrpcServer } from "./otlp-grpc/server.ts";
export { createOtlpHttpReceiver, isOtlpUrl } from "./otlp-http/receiver.ts";
export { createRestReceiver, type RestReceiverOptions } from "./rest/receiver.ts";
export { type KeyDirectory, SenderLimits } from "./sender.ts";
