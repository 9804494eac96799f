// What the service costs over the engine that it stands before, measured in turns within one run, on this machine.
// Everything is sent over loopback or a unix socket.
import { spawn } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import os from "node:os";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "../../..");
const here = import.meta.dirname;
const prefix = process.env.RINGFENCE_LLAMA_PREFIX ?? path.join(root, ".ringfence/llama");
const model = path.join(root, "src/demo/ringfence-tiny-q8_0.gguf");
const java = path.join(process.env.JAVA_HOME ?? "/usr", "bin/java");
const rounds = Number(process.env.ROUNDS ?? 400);
/** So many requests come first that a JVM has compiled what is measured, as it is in the native form from the start. */
const warming = Number(process.env.WARMING ?? 8000);
/** As `ringfence` starts it. */
const shipped = ["--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-XX:+UseSerialGC"];
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const now = () => performance.now();

function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

const ms = (value) => `${value.toFixed(2)} ms`;

/** Sends one streamed chat and tells when its first piece of text and its end came. */
function chat(target, prompt, maxTokens) {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify({
      model: "bench",
      messages: [{ role: "user", content: prompt }],
      temperature: 0,
      max_tokens: maxTokens,
      stream: true,
    });
    const start = now();
    let first;
    let text = "";
    const request = http.request(
      {
        ...target,
        // A connection that is kept open would keep one of the engine's few threads.
        agent: false,
        method: "POST",
        path: "/v1/chat/completions",
        headers: { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) },
      },
      (response) => {
        response.setEncoding("utf8");
        response.on("data", (piece) => {
          text += piece;
          if (first === undefined && /"content":"[^"]/.test(text)) first = now() - start;
        });
        response.on("end", () =>
          response.statusCode === 200 && text.trimEnd().endsWith("data: [DONE]")
            ? resolve({ first: first ?? now() - start, total: now() - start })
            : reject(new Error(`${response.statusCode}: ${text.slice(-500)}`)),
        );
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}

function get(target, url) {
  return new Promise((resolve, reject) => {
    http
      .get({ ...target, agent: false, path: url }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (piece) => (text += piece));
        response.on("end", () => resolve({ status: response.statusCode, text }));
      })
      .on("error", reject);
  });
}

async function until(what, condition) {
  const end = now() + 120_000;
  while (now() < end) {
    try {
      const value = await condition();
      if (value) return value;
    } catch {
      // Not there yet.
    }
    await sleep(2);
  }
  throw new Error(`in vain: ${what}`);
}

function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

const catalog = (directory) => {
  const file = path.join(directory, "catalog.toml");
  fs.writeFileSync(
    file,
    `[slm]
default_sandbox_profile = "bench"
[[slm.model_allow_lists.global_models]]
id = "bench"
name = "bench"
provider = { LocalFile = { file_path = "${model}" } }
capabilities = ["TextGeneration"]
[slm.model_allow_lists.global_models.resource_requirements]
min_memory_mb = 256
preferred_cpu_cores = 1.0
[slm.sandbox_profiles.bench.resources]
max_memory_mb = 1024
max_cpu_cores = ${os.cpus().length}.0
max_io_bandwidth_mbps = 0
[slm.sandbox_profiles.bench.process_limits]
process_priority = 0
[slm.sandbox_profiles.bench.security]
strict_syscall_filtering = false
`,
  );
  return file;
};

class Service {
  static async start(data, environment) {
    fs.rmSync(data, { recursive: true, force: true });
    fs.mkdirSync(data, { recursive: true });
    const port = await freePort();
    const native = process.env.RINGFENCE_BENCH_NATIVE;
    const jar = path.join(root, "native-build/target/quarkus-app/quarkus-run.jar");
    const program = native ? [native] : [java, "-Xmx256m", ...shipped, "-jar", jar];
    const log = fs.openSync(path.join(data, "log"), "w");
    const child = spawn(
      program[0],
      [...program.slice(1), "serve", "--config", catalog(data), "--data", path.join(data, "data"), "--port", `${port}`],
      { stdio: ["ignore", log, log], env: { ...process.env, RINGFENCE_JOBS_CONCURRENCY: "64", RINGFENCE_GUARD_ENABLED: "false", ...environment } },
    );
    const service = new Service();
    Object.assign(service, { child, data, target: { host: "127.0.0.1", port }, form: program.length === 1 ? "native" : "JVM" });
    await until("the service is ready", async () => (await get(service.target, "/q/health/ready")).status === 200);
    return service;
  }

  async engine() {
    const { text } = await get(this.target, "/api/v1/models");
    return JSON.parse(text).models.find((one) => one.id === "bench").engine;
  }

  /** The socket of the very engine that the service speaks to. */
  async engineSocket() {
    const { pid } = await this.engine();
    const directory = `/proc/${pid}/root/tmp`;
    const name = fs.readdirSync(directory).find((file) => file.endsWith(".sock"));
    return { socketPath: path.join(directory, name) };
  }

  memory() {
    const status = fs.readFileSync(`/proc/${this.child.pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024;
  }

  stop() {
    return new Promise((resolve) => {
      this.child.on("exit", resolve);
      this.child.kill("SIGTERM");
    });
  }
}

/** One sync of a kilobyte, which each durable step costs at least. */
function syncTime(directory) {
  const file = path.join(directory, "sync");
  const descriptor = fs.openSync(file, "w");
  const times = [];
  for (let i = 0; i < 100; i++) {
    fs.writeSync(descriptor, Buffer.alloc(1024), 0, 1024, i * 1024);
    const start = now();
    fs.fdatasyncSync(descriptor);
    times.push(now() - start);
  }
  fs.closeSync(descriptor);
  fs.unlinkSync(file);
  return quantile(times, 0.5);
}

function compare(title, direct, service) {
  console.log(`${title}, ${direct.length} of each in turns:`);
  for (const [name, key] of [
    ["first token", "first"],
    ["whole answer", "total"],
  ]) {
    const of = (list, q) => quantile(list.map((one) => one[key]), q);
    const [a, b] = [of(direct, 0.5), of(service, 0.5)];
    console.log(
      `  ${name.padEnd(12)}  direct p50 ${ms(a)} p95 ${ms(of(direct, 0.95))}   service p50 ${ms(b)} p95 ${ms(of(service, 0.95))}` +
        `   added p50 ${ms(b - a)}   ratio ${(b / a).toFixed(3)}`,
    );
  }
}

async function inTurns(service, prompt, maxTokens, count, first) {
  await chat(service.target, prompt, maxTokens);
  const engine = await service.engineSocket();
  const [direct, through] = [[], []];
  for (let i = 0; i < first; i++) await chat(service.target, prompt, maxTokens);
  for (let i = 0; i < count; i++) {
    direct.push(await chat(engine, prompt, maxTokens));
    through.push(await chat(service.target, prompt, maxTokens));
  }
  return [direct, through];
}

async function added(directory, name) {
  const service = await Service.start(directory, { RINGFENCE_LLAMA_SERVER: path.join(here, "mock-engine.mjs") });
  try {
    const [direct, through] = await inTurns(service, "x", 16, rounds, warming);
    compare(`Mock engine, data on ${name} (one fdatasync: p50 ${ms(syncTime(directory))})`, direct, through);
    console.log(`  memory of the service (${service.form}) ${service.memory().toFixed(0)} MB`);
  } finally {
    await service.stop();
  }
}

async function tiny(directory, name) {
  const service = await Service.start(directory, { RINGFENCE_LLAMA_PREFIX: prefix });
  try {
    const prompt = "Write a short story about a fox";
    const [direct, through] = await inTurns(service, prompt, 64, Math.ceil(rounds / 4), Math.ceil(warming / 8));
    compare(`Tiny model, 64 tokens, data on ${name}`, direct, through);
    await streams(service, prompt);
    await cold(service, directory);
    console.log(`  memory of the service (${service.form}) ${service.memory().toFixed(0)} MB`);
  } finally {
    await service.stop();
  }
}

async function streams(service, prompt) {
  const engine = await service.engineSocket();
  // The engine itself refuses connections beyond its threads, so whoever speaks to it directly has to queue.
  const all = async (target, atOnce) => {
    const start = now();
    const waiting = Array.from({ length: 64 }, () => now());
    const firsts = [];
    const work = async () => {
      while (waiting.pop() !== undefined) {
        const begun = now() - start;
        firsts.push(begun + (await chat(target, prompt, 64)).first);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    return { total: now() - start, first: quantile(firsts, 0.5) };
  };
  const [direct, through] = [[], []];
  for (let i = 0; i < 5; i++) {
    direct.push(await all(engine, 4));
    through.push(await all(service.target, 64));
  }
  compare("64 streams at once, 64 tokens each (median first token; time until all had ended)", direct, through);
}

/** From nothing to the first token. Killing a service's engine is what makes it cold. */
async function cold(service, directory) {
  const libraries = ["usr/lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu/llama"].map((name) => path.join(prefix, name));
  const [direct, through] = [[], []];
  for (let i = 0; i < 10; i++) {
    const socketPath = path.join(directory, `cold-${i}.sock`);
    let start = now();
    const engine = spawn(
      path.join(prefix, "ld.so"),
      [
        ...["--library-path", libraries.join(":"), path.join(prefix, "usr/bin/llama-server")],
        ...["--model", model, "--host", socketPath, "--threads", "1", "--parallel", "4", "--ctx-size", "16384"],
        ...["--threads-http", "6", "--cache-ram", "0", "--no-warmup", "--no-ui", "--offline", "--slots", "-lv", "2"],
      ],
      { stdio: "ignore", env: { GGML_NO_BACKTRACE: "1" } },
    );
    await until("the engine is healthy", async () => (await get({ socketPath }, "/health")).status === 200);
    const ready = now() - start;
    direct.push({ first: ready + (await chat({ socketPath }, "Say hello", 8)).first, total: now() - start });
    engine.kill("SIGKILL");

    process.kill((await service.engine()).pid, "SIGKILL");
    await until("the engine is gone", async () => ["cold", "failed"].includes((await service.engine()).state));
    start = now();
    const answer = await chat(service.target, "Say hello", 8);
    through.push({ first: answer.first, total: now() - start });
  }
  compare("Cold start", direct, through);
}

const disk = path.join(root, "target/bench-models");
const memory = "/dev/shm/ringfence-bench-models";
console.log(`${os.cpus().length} processors, load ${os.loadavg()[0].toFixed(1)}, ${new Date().toISOString()}`);
await added(disk, "the disk");
await added(memory, "tmpfs");
await tiny(disk, "the disk");
fs.rmSync(memory, { recursive: true, force: true });
