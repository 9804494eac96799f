#!/usr/bin/env node
// Speaks as much of llama-server as the service needs, and answers at once: what is left is what stands before it.
// Takes llama-server's arguments and minds --host (a unix socket) only.
import http from "node:http";

const socket = process.argv[process.argv.indexOf("--host") + 1];
const words = Array.from({ length: 16 }, (_, i) => ` word${i}`);
const chunk = (choices, more) =>
  `data: ${JSON.stringify({ choices, created: 0, id: "chatcmpl-mock", model: "mock", object: "chat.completion.chunk", ...more })}\n\n`;
const begin = chunk([{ finish_reason: null, index: 0, delta: { role: "assistant", content: null } }]);
const pieces = words.map((content) => chunk([{ finish_reason: null, index: 0, delta: { content } }]));
const end =
  chunk([{ finish_reason: "stop", index: 0, delta: {} }]) +
  chunk([], { usage: { completion_tokens: 16, prompt_tokens: 4, total_tokens: 20 } }) +
  "data: [DONE]\n\n";

const answers = {
  "/health": () => ({ status: "ok" }),
  "/props": () => ({ chat_template_caps: {}, total_slots: 64 }),
  "/slots": () => Array.from({ length: 64 }, (_, id) => ({ id, is_processing: false })),
};

http
  .createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      if (request.url.startsWith("/v1/chat/completions")) {
        response.writeHead(200, { "Content-Type": "text/event-stream" });
        response.write(begin);
        for (const piece of pieces) response.write(piece);
        response.end(end);
        return;
      }
      const answer = answers[request.url.split("?")[0]];
      response.writeHead(answer ? 200 : 404, { "Content-Type": "application/json" });
      response.end(JSON.stringify(answer ? answer() : {}));
    });
  })
  .listen(socket);
