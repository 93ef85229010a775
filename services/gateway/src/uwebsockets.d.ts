/** The library takes host, port and options together; its own types leave that form out. */
import "uWebSockets.js";

declare module "uWebSockets.js" {
  interface TemplatedApp {
    listen(host: string, port: number, options: number, callback: (listenSocket: us_listen_socket | false) => void): TemplatedApp;
  }
}
