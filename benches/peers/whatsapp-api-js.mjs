// A webhook receiver as the library's own documentation builds it, for scripts/bench --peers: it checks the signature, calls an
// empty handler and stores nothing. Usage: node whatsapp-api-js.mjs PORT APP_SECRET
import { createServer } from "node:http";
import { WhatsAppAPI } from "whatsapp-api-js/middleware/node-http";

const [port, appSecret] = process.argv.slice(2);
const api = new WhatsAppAPI({ token: "t", appSecret, webhookVerifyToken: "v" });
api.on.message = () => {};

createServer(async (request, response) => {
    response.statusCode = await api.handle_post(request);
    response.end();
}).listen(Number(port), "127.0.0.1");
