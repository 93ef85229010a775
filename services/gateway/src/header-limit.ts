/**
 * uWebSockets takes this from the environment once, when it is loaded: this file must be imported before it. By default
 * all headers together have 4,096 bytes, and a token of an allowed size would be answered 431.
 */
process.env.UWS_HTTP_MAX_HEADERS_SIZE = "8192";
