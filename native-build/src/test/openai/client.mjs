// OpenAI's own client, unchanged, against a running service: node client.mjs BASE_URL CASE
// Prints what the case learned as the last line, as JSON. What goes wrong ends it with the reason on standard error.
import assert from "node:assert/strict";
import OpenAI from "openai";

const [baseURL, name] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey: "any", maxRetries: 0, timeout: 120_000 });
const model = "tiny";
const say = (content) => [{ role: "user", content }];
const weather = {
  type: "function",
  function: {
    name: "get_weather",
    description: "The weather",
    parameters: {
      type: "object",
      properties: { rain: { type: "boolean" }, unit: { enum: ["c", "f"] } },
      required: ["rain", "unit"],
      additionalProperties: false,
    },
  },
};

async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  assert.fail("it was answered");
}

async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

const cases = {
  async chat() {
    const { data, response } = await client.chat.completions
      .create({ model, messages: say("Say hello"), temperature: 0, seed: 7, service_tier: "auto" })
      .withResponse();
    assert.equal(data.object, "chat.completion");
    assert.equal(data.model, model);
    assert.equal(data.choices[0].message.content, "hello");
    assert.equal(data.choices[0].finish_reason, "stop");
    assert.deepEqual([data.usage.prompt_tokens, data.usage.completion_tokens], [12, 4]);
    assert.equal(response.headers.get("x-ringfence-ignored"), "service_tier");
    return { job: response.headers.get("x-job-id"), request: data._request_id };
  },

  async parts() {
    const content = [{ type: "text", text: "Say " }, { type: "text", text: "hello" }];
    const answer = await client.chat.completions.create({ model, messages: say(content), temperature: 0 });
    assert.equal(answer.choices[0].message.content, "hello");
  },

  async stop_and_length() {
    const stopped = await client.chat.completions.create({ model, messages: say("Say hello"), temperature: 0, stop: "l" });
    assert.equal(stopped.choices[0].message.content, "he");
    const cut = await client.chat.completions.create({
      model,
      messages: say("Count to 100"),
      temperature: 0,
      max_completion_tokens: 5,
    });
    assert.equal(cut.choices[0].finish_reason, "length");
    assert.equal(cut.usage.completion_tokens, 5);
  },

  async stream() {
    const chunks = await collect(
      await client.chat.completions.create({
        model,
        messages: say("Say hello"),
        temperature: 0,
        stream: true,
        stream_options: { include_usage: true },
      }),
    );
    const choices = chunks.slice(0, -1);
    assert.equal(new Set(chunks.map((chunk) => chunk.id)).size, 1);
    assert.equal(choices[0].choices[0].delta.role, "assistant");
    assert.deepEqual(choices.map((chunk) => chunk.choices[0].delta.content ?? "").filter(Boolean), ["he", "ll", "o"]);
    assert.deepEqual(
      choices.map((chunk) => chunk.choices[0].finish_reason),
      [...Array(choices.length - 1).fill(null), "stop"],
    );
    assert.deepEqual(chunks.at(-1).choices, []);
    assert.equal(chunks.at(-1).usage.total_tokens, 16);
  },

  async abort() {
    const { data: stream, response } = await client.chat.completions
      .create({ model, messages: say("Count to 100"), max_tokens: 400, stream: true })
      .withResponse();
    let pieces = 0;
    for await (const _ of stream) {
      if (++pieces === 5) stream.controller.abort();
    }
    assert.ok(pieces < 50, `${pieces} pieces came`);
    return { job: response.headers.get("x-job-id") };
  },

  async embeddings() {
    const input = ["A fence", "A fence", "Count to three"];
    const packed = await client.embeddings.create({ model, input });
    const plain = await client.embeddings.create({ model, input, encoding_format: "float" });
    const [first, second, third] = plain.data.map((item) => item.embedding);
    const likeness = (a, b) => a.reduce((sum, number, i) => sum + number * b[i], 0);
    assert.equal(packed.data[0].embedding.length, first.length);
    assert.ok(Math.abs(likeness(first, packed.data[0].embedding) - 1) < 1e-4);
    assert.ok(Math.abs(likeness(first, second) - 1) < 1e-4);
    assert.ok(likeness(first, third) < 0.999);
    assert.ok(plain.usage.prompt_tokens > 3);
  },

  async json_schema() {
    const schema = {
      type: "object",
      properties: { ready: { type: "boolean" }, size: { enum: ["small", "large"] } },
      required: ["ready", "size"],
      additionalProperties: false,
    };
    const answer = await client.chat.completions.create({
      model,
      messages: say("Are you ready?"),
      temperature: 0,
      response_format: { type: "json_schema", json_schema: { name: "state", strict: true, schema } },
    });
    const parsed = JSON.parse(answer.choices[0].message.content);
    assert.deepEqual(Object.keys(parsed), ["ready", "size"]);
    assert.equal(typeof parsed.ready, "boolean");
    assert.ok(["small", "large"].includes(parsed.size));
  },

  async tool_call() {
    const request = { model, messages: say("Weather?"), temperature: 0, tools: [weather], parallel_tool_calls: false };
    const answer = await client.chat.completions.create({ ...request, tool_choice: "required", max_tokens: 150 });
    const call = answer.choices[0].message.tool_calls[0];
    assert.equal(answer.choices[0].finish_reason, "tool_calls");
    assert.equal(call.function.name, "get_weather");
    assert.deepEqual(Object.keys(JSON.parse(call.function.arguments)), ["rain", "unit"]);

    const named = { type: "function", function: { name: "get_weather" } };
    const streamed = await client.chat.completions
      .stream({ ...request, tool_choice: named, max_tokens: 150 })
      .finalChatCompletion();
    const whole = streamed.choices[0].message.tool_calls[0];
    assert.equal(typeof JSON.parse(whole.function.arguments).rain, "boolean");
    assert.equal(streamed.choices[0].finish_reason, "tool_calls");

    const next = await client.chat.completions.create({
      model,
      max_tokens: 10,
      messages: [...say("Weather?"), answer.choices[0].message, { role: "tool", tool_call_id: call.id, content: "rain" }],
    });
    assert.ok(next.usage.prompt_tokens > 20);
  },

  async errors() {
    const chat = (more) => refusal(client.chat.completions.create({ model, messages: say("Say hello"), ...more }));
    const unknown = await chat({ model: "nobody" });
    assert.ok(unknown instanceof OpenAI.NotFoundError, String(unknown));
    assert.equal(unknown.code, "model_not_found");
    for (const [more, param] of [
      [{ n: 2 }, "n"],
      [{ temperature: 3 }, "temperature"],
      [{ messages: [] }, "messages"],
      [{ messages: say([{ type: "image_url", image_url: { url: "data:," } }]) }, "messages[0].content[0].type"],
      [{ tool_choice: "required" }, "tool_choice"],
    ]) {
      const error = await chat(more);
      assert.ok(error instanceof OpenAI.BadRequestError, String(error));
      assert.equal(error.param, param);
    }
    const long = await chat({ messages: say("hello ".repeat(600)), stream: true });
    assert.ok(long instanceof OpenAI.BadRequestError, String(long));
    assert.equal(long.code, "context_length_exceeded");
    const lost = await chat({ model: "lost" });
    assert.ok(lost instanceof OpenAI.InternalServerError, String(lost));
    assert.equal(lost.code, "model_file_not_found");
    const elsewhere = new OpenAI({ baseURL, apiKey: "any", defaultHeaders: { "X-Ringfence-Agent": "stranger" } });
    const hidden = await refusal(
      elsewhere.chat.completions.create({ model: "lost", messages: say("Say hello") }, { maxRetries: 0 }),
    );
    assert.ok(hidden instanceof OpenAI.NotFoundError, String(hidden));
  },

  async models() {
    const ids = [];
    for await (const one of client.models.list()) ids.push(one.id);
    assert.deepEqual(ids.sort(), ["lab/tiny", "lost", "tiny"]);
    assert.equal((await client.models.retrieve("lab/tiny")).id, "lab/tiny");
    assert.ok((await refusal(client.models.retrieve("nobody"))) instanceof OpenAI.NotFoundError);
  },

  async eight_streams() {
    const one = async () => {
      const stream = await client.chat.completions.create({ model, messages: say("Say hello"), temperature: 0, stream: true });
      return (await collect(stream)).map((chunk) => chunk.choices[0].delta.content ?? "").join("");
    };
    assert.deepEqual(await Promise.all(Array.from({ length: 8 }, one)), Array(8).fill("hello"));
  },

  async completions() {
    const request = { model, prompt: "Once upon", max_tokens: 4, temperature: 0 };
    const answer = await client.completions.create({ ...request, logprobs: 1 });
    assert.equal(answer.choices[0].text, " a time there was");
    assert.equal(answer.choices[0].logprobs.tokens.length, 4);
    const chunks = await collect(await client.completions.create({ ...request, stream: true }));
    assert.equal(chunks.map((chunk) => chunk.choices[0].text).join(""), " a time there was");
    assert.equal(chunks.at(-1).choices[0].finish_reason, "length");
  },

  async responses() {
    const answer = await client.responses.create({ model, input: "Say hello", temperature: 0 });
    assert.equal(answer.output_text, "hello");
    assert.equal(answer.status, "completed");
    assert.equal(answer.usage.total_tokens, 16);
    const stream = client.responses.stream({ model, input: say("Say hello"), temperature: 0 });
    const types = [];
    for await (const event of stream) types.push(event.type);
    assert.equal(types[0], "response.created");
    assert.equal(types.at(-1), "response.completed");
    assert.equal((await stream.finalResponse()).output[0].content[0].text, "hello");
    const tools = [{ type: "function", strict: true, ...weather.function }];
    const called = await client.responses.create({
      model,
      input: "Weather?",
      temperature: 0,
      tools,
      tool_choice: "required",
      parallel_tool_calls: false,
      max_output_tokens: 150,
    });
    assert.equal(called.output[0].type, "function_call");
    assert.equal(typeof JSON.parse(called.output[0].arguments).rain, "boolean");
    const kept = await refusal(client.responses.create({ model, input: "x", previous_response_id: "resp_1" }));
    assert.equal(kept.param, "previous_response_id");
  },

  // The test kills the engine when it sees the first line.
  async engine_killed() {
    const stream = await client.chat.completions.create({ model, messages: say("Count to 100"), max_tokens: 400, stream: true });
    let begun = false;
    const error = await refusal(
      (async () => {
        for await (const _ of stream) {
          if (!begun) console.log("begun");
          begun = true;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      })(),
    );
    assert.ok(error instanceof OpenAI.APIError, String(error));
    assert.equal(error.code, "engine_crashed");
    const next = await client.chat.completions.create({ model, messages: say("Say hello"), temperature: 0 });
    assert.equal(next.choices[0].message.content, "hello");
    return { message: error.message };
  },
};

if (!Object.hasOwn(cases, name)) {
  console.error(`there is no case ${name}; there are ${Object.keys(cases).join(", ")}`);
  process.exit(2);
}
console.log(JSON.stringify((await cases[name]()) ?? {}));
