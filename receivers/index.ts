export { type ReceiversConfig, receiversConfig } from "./config.ts";
export { createRestReceiver, type KeyDirectory, type RestReceiverOptions } from "./rest/receiver.ts";
