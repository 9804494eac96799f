package dev.ringfence.api;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import io.smallrye.config.WithName;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The settings of the service, each also as an environment variable: {@code ringfence.data} is {@code RINGFENCE_DATA}. */
@ConfigMapping(prefix = "ringfence")
public interface RingfenceConfig {
    /** The catalog: a TOML file with models, agents' grants and sandbox profiles. Without it, the built-in profiles. */
    Optional<Path> catalog();

    /** Where the journal and all other state is kept; made when it is missing. */
    @WithDefault("ringfence-data")
    Path data();

    /** Where the project lies, for what ships beside the program, such as the demo; set by the launcher. */
    Optional<Path> home();

    /** An unpacked llama.cpp with its own libraries and loader, when no {@code llama-server} is installed. */
    Optional<Path> llamaPrefix();

    /** The {@code llama-server} program, when it is not found by itself. */
    Optional<Path> llamaServer();

    /** What the pipeline of jobs may hold. */
    Jobs jobs();

    /** How busy the host may be for new jobs to be let in. */
    Guarding guard();

    /** How fences are built. */
    Fences fence();

    /** What agents may reach of the host's files. */
    Files files();

    /** Files that jobs leave as part of their results. */
    Artifacts artifacts();

    /** What may be invoked beside what is built in. */
    Capabilities capabilities();

    /** How engines of models are run on this host. */
    Engines engines();

    /** How the journal is kept. */
    JournalKeeping journal();

    /** Named groups of jobs. */
    Sessions sessions();

    /** Who is told of the ends of jobs. */
    Webhooks webhooks();

    /** The limits of HTTP. */
    Http http();

    /** OpenAI's API. */
    OpenAi openai();

    /** Who may call. */
    Access access();

    /** How long a shutdown waits for running jobs before it ends them. */
    @WithDefault("30s")
    Duration drainTimeout();

    /** What the pipeline of jobs may hold. */
    interface Jobs {
        /** Jobs whose work is under way at the same time. */
        @WithDefault("16")
        int concurrency();

        /** Jobs that may wait for that; one more is refused with 503. */
        @WithDefault("1000")
        int queue();

        /**
         * Jobs of one agent that may wait, unless its grants in the catalog say otherwise; one more is refused with
         * 429.
         */
        @WithDefault("200")
        int queueOfAgent();

        /**
         * What the arguments of all jobs that wait or run may take of the heap, such as {@code 64M}; one more is refused
         * with 503, and with 429 when the agent's own would take more than half. An eighth of the heap without it, and no
         * less than a body of any kind needs.
         */
        Optional<MemorySize> memoryBudget();

        /** Jobs of a capability whose work is under way at the same time; one that is not named has no such limit. */
        Map<String, Integer> concurrencyOf();

        /** Ended jobs kept in memory; older ones are read from the journal when they are asked for. */
        @WithDefault("1000")
        int retained();

        /** How long a job's work may take when neither its submission nor its arguments say. */
        @WithDefault("60s")
        Duration defaultDeadline();

        /** The output of one job that can be read again while it is kept, in bytes; at most 64 MiB. */
        @WithName("event-buffer")
        @WithDefault("262144")
        int eventBuffer();
    }

    /** How busy the host may be for new jobs to be let in; beyond that they are refused with 503. */
    interface Guarding {
        /** Whether any job is refused so. */
        @WithDefault("true")
        boolean enabled();

        /**
         * Percent of the processors that others than this service and its jobs may use, in the last half minute; 100
         * for all.
         */
        @WithDefault("80")
        double cpu();

        /** Percent of the memory that may be in use: the host's, or of the control group's limit; 100 for all. */
        @WithDefault("80")
        double memory();

        /** What the kernel says of work that waits. */
        Pressure pressure();

        /** Processes that have ended and that nobody has waited for; those of jobs that run do not count. */
        @WithDefault("10")
        int zombies();

        /** What must be free on the disk of the data; in bytes, or with K, M, G. */
        @WithDefault("64M")
        MemorySize diskFree();

        /** What a reading must come down to before jobs are let in again, in percent of its limit. */
        @WithDefault("90")
        double resume();

        /** Percent of the last ten seconds (PSI); 100 for no limit. */
        interface Pressure {
            /** In which some work waited for a processor; jobs that use all of them are no reason to refuse more. */
            @WithDefault("100")
            double cpu();

            /** In which all work waited for memory. */
            @WithDefault("20")
            double memory();

            /** In which all work waited for a disk; the journal's own syncs count as well. */
            @WithDefault("100")
            double io();
        }
    }

    /** How the journal is kept. */
    interface JournalKeeping {
        /** What is given up in the end. */
        Retention retention();

        /** What makes restarts fast. */
        Snapshot snapshot();

        /**
         * Whether the journal, and whoever looks at jobs, has the prompts and answers of OpenAI's API in full, or only
         * their SHA-256 and size. Jobs that were submitted to {@code /api/v1/jobs} are always kept in full: they are
         * run after a restart, and their answers can be fetched later.
         */
        @WithDefault("full")
        Prompts prompts();

        /** What is given up in the end. */
        interface Retention {
            /**
             * Events older than this are given up, as far as no live job needs them. Only the time counts during which the
             * service ran, so that a time of day that is wrong gives up nothing.
             */
            @WithDefault("30d")
            Duration age();

            /** When the log and the blobs are larger together, the oldest events are given up; in bytes, or with K, M, G. */
            @WithDefault("10G")
            MemorySize size();
        }

        /** What makes restarts fast. */
        interface Snapshot {
            /** After so many events a snapshot is written; a restart reads no more than about as many. */
            @WithDefault("20000")
            int events();
        }
    }

    /** How fences are built. */
    interface Fences {
        /** The bubblewrap program, when it is not found by itself. */
        Optional<Path> bubblewrap();

        /** Where the range of users for jobs begins, when the service runs as root. */
        @WithDefault("200000")
        int firstUser();

        /** {@code auto} for the best tier that works here, or the only one to be used. */
        @WithDefault("auto")
        String tier();

        /** Where jobs of the tier {@code landlock} get their directories, and models that answer once their prompts. */
        Optional<Path> scratch();

        /** Between the polite signal and the kill. */
        @WithDefault("500ms")
        Duration grace();
    }

    /** Who is told of the ends of jobs. */
    interface Webhooks {
        /** Servers that are told, by the names that submissions give. */
        Map<String, Endpoint> endpoints();

        /** How long one attempt may take. */
        @WithDefault("15s")
        Duration timeout();

        /** The pause after a first attempt that failed; each further one is three times as long. */
        @WithDefault("5s")
        Duration firstRetry();

        /** No pause is longer. */
        @WithDefault("1h")
        Duration longestRetry();

        /** Once the pauses between attempts come to this, nobody tries any more. */
        @WithDefault("24h")
        Duration giveUp();

        /** A server that is told. */
        interface Endpoint {
            /** Its address: https, or http where private addresses are allowed. */
            URI url();

            /** A file with what messages are signed with: a line {@code whsec_BASE64}, or two while one is replaced. */
            Optional<Path> secretFile();

            /** The same, when there is no file. */
            Optional<String> secret();

            /** The agents that may name it; all without this. */
            Optional<Set<String>> agents();

            /** Whether it is told of all jobs of those agents, named or not. */
            @WithDefault("false")
            boolean always();

            /** Whether it may be on this host or in a private network, and be reached by http. */
            @WithDefault("false")
            boolean allowPrivate();
        }
    }

    /** Named groups of jobs. */
    interface Sessions {
        /** How many sessions an agent may have; one more is refused until it deletes some. */
        @WithDefault("10000")
        int perAgent();
    }

    /** What agents may reach of the host's files. Each agent has a workspace below the data directory in any case. */
    interface Files {
        /** Further directories, by the names that agents use. */
        Map<String, Root> roots();

        /** Names that are never written, in place of the built-in ones; see the documentation of FileWrite. */
        Optional<List<String>> critical();

        /** How long what a job changed can be undone. */
        @WithDefault("7d")
        Duration backupsKept();

        /** Of all backups together; the oldest go first. */
        @WithDefault("1073741824")
        long backupsBytes();

        /** A directory of the host. */
        interface Root {
            Path path();

            /** Whether agents may write there; reading alone is the default. */
            @WithDefault("false")
            boolean writable();
        }
    }

    /** Files that jobs leave as part of their results. */
    interface Artifacts {
        /** How many one job may leave. */
        @WithDefault("100")
        int count();

        /** The size of one, in bytes. */
        @WithDefault("104857600")
        long fileBytes();

        /** The size of all that one job leaves, in bytes. */
        @WithDefault("209715200")
        long totalBytes();

        /** How long they are kept. */
        @WithDefault("24h")
        Duration kept();
    }

    /** What may be invoked beside what is built in. */
    interface Capabilities {
        /** A directory of manifests: each file in it that ends with {@code .toml} is a capability. */
        Optional<Path> directory();

        /** Whether Kill may signal processes that are none of the agent's jobs; never init, the service or its parent. */
        @WithDefault("false")
        boolean killOthers();

        /** Where GitExec may go. */
        Git git();

        /** Where GitExec may go. */
        interface Git {
            /** Hosts that may be cloned and pulled from; none, unless they are named. */
            Optional<List<String>> hosts();

            /** How: {@code https}, and what an operator adds of {@code http} and {@code file}. */
            @WithDefault("https")
            List<String> protocols();

            /** Those of the hosts that may have a private address. */
            Optional<List<String>> privateHosts();

            /** Certificates to trust in place of the host's, as one PEM file. */
            Optional<Path> caFile();
        }
    }

    /** The limits of HTTP. */
    interface Http {
        /** After so long without an event, a stream of events gets a comment, so that proxies and clients keep it open. */
        @WithDefault("15s")
        Duration heartbeat();

        /**
         * A stream of events, or another large answer, whose reader takes nothing for so long is cut off; events can be
         * resumed.
         */
        @WithDefault("30s")
        Duration stallLimit();

        /** The largest body of a request, in bytes; at most 15 MiB, since the journal keeps it. */
        @WithDefault("8388608")
        int bodyLimit();
    }

    /** How engines of models are run on this host. */
    interface Engines {
        /** What the engines of all models may need together, such as {@code 12G}; four fifths of the memory without it. */
        @WithName("memory-budget")
        Optional<MemorySize> memoryBudget();

        /** An engine that nobody asked for so long is stopped, unless it is pinned. */
        @WithDefault("10m")
        Duration idleTime();

        /** From an engine's start until it can answer. */
        @WithDefault("2m")
        Duration loadTimeout();

        /** How long an engine may be at one step of its work, 512 tokens at most; one that takes longer is stopped. */
        @WithDefault("1m")
        Duration stepTimeout();

        /** Requests that may wait for a slot of a model; one more is refused. */
        @WithDefault("128")
        int queue();

        /** Threads that an engine computes with; 0 means as many whole processors as its profile gives it. */
        @WithDefault("0")
        int threads();
    }

    /** OpenAI's API. */
    interface OpenAi {
        /**
         * How long a request may take at most, from when the model's engine is up. The time limit of the sandbox
         * profile still holds.
         */
        @WithDefault("10m")
        Duration deadline();
    }

    /** How much of a prompt and its answer is kept. */
    enum Prompts {
        FULL,
        HASH
    }

    /** Who may call. */
    interface Access {
        /** The file of API keys; {@code keys.json} in the data directory without it. */
        Optional<Path> keys();

        /** Whether metrics may be read without a key, once there are keys. */
        @WithDefault("false")
        boolean openMetrics();

        /** An OpenID Connect provider whose tokens are taken. */
        Oidc oidc();
    }

    /** An OpenID Connect provider whose tokens are taken. */
    interface Oidc {
        /** The address of the provider's public keys (JWKS): https, or a file. Without it, no tokens are taken. */
        Optional<String> jwks();

        /** What tokens must say in {@code iss}. */
        Optional<String> issuer();

        /** What tokens must say in {@code aud}. */
        Optional<String> audience();

        /** The claim that names the agent. */
        @WithDefault("sub")
        String agentClaim();

        /** Whoever has this in the claim {@code groups} is an administrator. */
        @WithDefault("ringfence-admin")
        String adminGroup();
    }
}
