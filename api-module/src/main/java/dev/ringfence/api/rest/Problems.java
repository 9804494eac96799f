package dev.ringfence.api.rest;

import dev.ringfence.api.CatalogChangeException;
import dev.ringfence.api.access.AccessException;
import dev.ringfence.api.job.AdmissionException;
import dev.ringfence.api.session.UnknownSession;
import dev.ringfence.catalog.CatalogException;
import dev.ringfence.runner.capability.ManifestException;
import dev.ringfence.wal.journal.JournalException;
import dev.ringfence.wal.log.LogException;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Response;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.jboss.logging.Logger;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/** The only place where an error becomes a status of the native API. */
public class Problems {
    private static final Logger LOG = Logger.getLogger(Problems.class);
    private static final Duration SOON = Duration.ofSeconds(1);

    /** The logs beside the journal, by their directories. */
    private static final List<String> LOGS_BESIDE = List.of("sessions", "webhooks");

    private final Audit audit;

    Problems(Audit audit) {
        this.audit = audit;
    }

    @ServerExceptionMapper
    public Response badRequest(BadRequest error) {
        return new Problem(400, error.slug(), "The request cannot be understood", "").response(error.errors());
    }

    @ServerExceptionMapper
    public Response tooLarge(BodyLimit.TooLarge error) {
        return new Problem(413, "body-too-large", "The body is too large", String.valueOf(error.getMessage()))
                .response();
    }

    @ServerExceptionMapper
    public Response tooMany(BodyLimit.TooMany error) {
        return new Problem(503, "too-many-bodies", "Too many bodies at once", String.valueOf(error.getMessage()))
                .response();
    }

    @ServerExceptionMapper
    public Response tooMany(AnswerRoom.TooMany error) {
        return new Problem(503, "too-many-answers", "Too many answers at once", String.valueOf(error.getMessage()))
                .response();
    }

    @ServerExceptionMapper
    public Response unknownJob(UnknownJob error) {
        return new Problem(404, "unknown-job", "There is no such job", String.valueOf(error.getMessage())).response();
    }

    @ServerExceptionMapper
    public Response unknownArtifact(ArtifactsResource.UnknownArtifact error) {
        return new Problem(404, "unknown-artifact", "There is no such file", String.valueOf(error.getMessage()))
                .response();
    }

    @ServerExceptionMapper
    public Response catalog(CatalogException error) {
        return new Problem(
                        422,
                        "invalid-catalog",
                        "The catalog would not be valid",
                        error.source() + " was not taken over, and the catalog in use stays as it was")
                .response(error.problems().stream()
                        .map(dev.ringfence.catalog.Problem::toString)
                        .toList());
    }

    @ServerExceptionMapper
    public Response manifest(ManifestException error) {
        return new Problem(
                        422,
                        "invalid-manifest",
                        "A capability's manifest is not valid",
                        "the catalog and the capabilities in use stay as they were")
                .response(error.errors());
    }

    @ServerExceptionMapper
    public Response catalogChange(CatalogChangeException error) {
        String message = String.valueOf(error.getMessage());
        return switch (error) {
            case CatalogChangeException.NotAllowed _ ->
                refused(new Problem(
                        403, "runtime-overrides-disabled", "Models cannot be changed at run time", message));
            case CatalogChangeException.UnknownModel _ ->
                new Problem(404, "unknown-model", "There is no such model", message).response();
            case CatalogChangeException.OfTheFile _ ->
                new Problem(409, "model-of-the-catalog-file", "The model stands in the catalog file", message)
                        .response();
            case CatalogChangeException.TooMany _ ->
                new Problem(409, "too-many-models", "There is no room for another model", message).response();
            case CatalogChangeException.NotKept _ ->
                new Problem(507, "not-kept", "The change cannot be kept", message).response();
        };
    }

    @ServerExceptionMapper
    public Response unknownSession(UnknownSession error) {
        return new Problem(404, "unknown-session", "There is no such session", String.valueOf(error.getMessage()))
                .response();
    }

    @ServerExceptionMapper
    public Response proving(JournalReading.Busy error) {
        return new Problem(503, "busy", "One at a time", String.valueOf(error.getMessage())).response();
    }

    @ServerExceptionMapper
    public Response noOutput(JobOutput.NotThere error) {
        return new Problem(404, "no-output", "There is no such output", String.valueOf(error.getMessage())).response();
    }

    @ServerExceptionMapper
    public Response notAllowed(AccessException error) {
        var problem = access(error);
        return error instanceof AccessException.Unavailable ? problem.response() : refused(problem);
    }

    /** Whoever may not do this is in the journal. */
    private Response refused(Problem problem) {
        audit.refused(problem);
        return problem.response();
    }

    @ServerExceptionMapper
    public Response damaged(JournalReading.Damaged error) {
        return ofJournal(error).response();
    }

    /** For what keeps an administrator from reading the journal. */
    static Problem ofJournal(Throwable error) {
        return switch (error) {
            case JournalReading.Damaged e -> {
                LOG.errorf("the journal could not be read to its end: %s", e.getMessage());
                yield new Problem(500, "journal-damaged", "The journal is damaged", String.valueOf(e.getMessage()));
            }
            case JournalException e -> of(e);
            case LogException e -> of(e);
            default -> internal(error);
        };
    }

    /** For what is refused before a resource is reached. */
    static Problem access(Throwable error) {
        String message = String.valueOf(error.getMessage());
        return switch (error) {
            case AccessException.Unauthenticated _ ->
                new Problem(401, "unauthenticated", "The caller is not known", message);
            case AccessException.Forbidden _ -> new Problem(403, "forbidden", "The caller may not do this", message);
            case AccessException.Unavailable e ->
                new Problem(503, "access-unavailable", "Callers cannot be told apart now", message)
                        .again(e.retryAfter());
            case ServiceGate.Starting _ -> new Problem(503, "starting", "The service is starting", message).again(SOON);
            default -> internal(error);
        };
    }

    @ServerExceptionMapper
    public Response unknownModel(UnknownModel error) {
        return new Problem(404, "unknown-model", "There is no such model", String.valueOf(error.getMessage()))
                .response();
    }

    @ServerExceptionMapper
    public Response starting(ServiceGate.Starting error) {
        return access(error).response();
    }

    @ServerExceptionMapper
    public Response notAdmitted(AdmissionException error) {
        var problem = of(error);
        return switch (error) {
            case AdmissionException.NotGranted _ -> refused(problem);
            case AdmissionException.Guarded e -> {
                var why = e.refusal();
                yield problem.response(json -> json.put("key", why.key())
                        .put("reading", why.reading())
                        .put("limit", why.limit())
                        .put("resume", why.resume()));
            }
            default -> problem.response();
        };
    }

    @ServerExceptionMapper
    public Response journal(JournalException error) {
        return of(error).response();
    }

    @ServerExceptionMapper
    public Response log(LogException error) {
        return of(error).response();
    }

    /** The status of the answer to a submission that fails so. */
    public static int status(RuntimeException error) {
        return (switch (error) {
                    case AdmissionException e -> of(e);
                    case JournalException e -> of(e);
                    case LogException e -> of(e);
                    default -> internal(error);
                })
                .status();
    }

    private static Problem of(AdmissionException error) {
        var problem = switch (error) {
            case AdmissionException.Invalid _ -> of(error, 422, "The job cannot be admitted");
            case AdmissionException.NotGranted _ -> of(error, 403, "The agent may not do this");
            case AdmissionException.KeyReused _ -> of(error, 422, "The key was used for another request");
            case AdmissionException.TooMany _ -> of(error, 429, "The agent asks for too much");
            case AdmissionException.Guarded _ -> of(error, 503, "The host is too busy for another job");
            case AdmissionException.Conflict _ -> of(error, 409, "It is in another state");
            case AdmissionException.Unavailable _ -> of(error, 503, "No job can be admitted now");
        };
        return error.retryAfter().map(problem::again).orElse(problem);
    }

    private static Problem of(AdmissionException error, int status, String title) {
        return new Problem(status, error.slug(), title, String.valueOf(error.getMessage()));
    }

    private static Problem of(JournalException error) {
        String message = String.valueOf(error.getMessage());
        return switch (error) {
            case JournalException.TooLarge _ ->
                new Problem(413, "too-large-for-the-journal", "The request is too large", message);
            case JournalException.NotEncodable _ ->
                new Problem(422, "not-encodable", "The request cannot be kept", message);
            case JournalException.IllegalTransition _ ->
                new Problem(409, "illegal-transition", "The job is in another state", message);
            case JournalException.Saturated _ ->
                new Problem(503, "saturated", "The journal has no room in its queue", message).again(SOON);
            case JournalException.IndexDamaged _ ->
                new Problem(503, "index-rebuilding", "Older jobs cannot be looked for now", message);
            case JournalException.BlobDamaged _ ->
                new Problem(500, "output-damaged", "The output is not what it was", message);
            case JournalException.BlobUnreadable _ ->
                new Problem(503, "output-unreadable", "The output cannot be read now", message).again(SOON);
            case JournalException.NotReadable _,
                    JournalException.Broken _,
                    JournalException.Unreadable _,
                    JournalException.Unwritable _,
                    JournalException.LogMissing _,
                    JournalException.Unfinished _ -> internal(error);
        };
    }

    private static Problem of(LogException error) {
        String message = String.valueOf(error.getMessage());
        return switch (error) {
            case LogException.NoSpace e ->
                new Problem(507, "no-space", "The disk of the " + log(e.directory()) + " is full", message);
            case LogException.Saturated _ ->
                new Problem(503, "saturated", "The journal has no room in its queue", message).again(SOON);
            case LogException.Failed e ->
                new Problem(503, "journal-failed", "The " + log(e.directory()) + " cannot be written", message);
            case LogException.Closed _ -> new Problem(503, "journal-failed", "The journal cannot be written", message);
            case LogException.BadSize _ ->
                new Problem(413, "too-large-for-the-journal", "The request is too large", message);
            case LogException.Discarded e ->
                new Problem(
                        410,
                        "events-discarded",
                        "The events are not kept any more",
                        "the oldest event that is kept is " + e.firstSequence());
            default -> internal(error);
        };
    }

    /** Which of the data directory's logs it is. */
    private static String log(Path directory) {
        return LOGS_BESIDE.stream()
                .filter(directory::endsWith)
                .findFirst()
                .map(name -> "log of " + name)
                .orElse("journal");
    }

    @ServerExceptionMapper
    public Response http(WebApplicationException error, ContainerRequestContext request) {
        int status = error.getResponse().getStatus();
        if (status >= 500) {
            return unexpected(error);
        }
        var methods = Addresses.NATIVE.methods(request.getUriInfo().getPath());
        // At an address below another resource's, the framework does not find that only the method is wrong.
        if (status == 404 && !methods.isEmpty() && !methods.contains(request.getMethod())) {
            status = 405;
        }
        var known = Response.Status.fromStatusCode(status);
        String title = known == null ? "HTTP " + status : known.getReasonPhrase();
        String slug = title.toLowerCase(java.util.Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
        var response = new Problem(status, slug, title, explanation(status)).response();
        return status == 405 && !methods.isEmpty()
                ? Response.fromResponse(response)
                        .header("Allow", String.join(", ", methods))
                        .build()
                : response;
    }

    /** Says nothing of the inside; the log has the rest, under the id that the caller is given. */
    @ServerExceptionMapper
    public Response unexpected(Throwable error) {
        return internal(error).response();
    }

    private static Problem internal(Throwable error) {
        String id = UUID.randomUUID().toString();
        // A client that has gone before it could be answered is nothing to report.
        var level = error instanceof ClosedChannelException ? Logger.Level.DEBUG : Logger.Level.ERROR;
        LOG.logf(level, error, "unexpected error %s", id);
        return new Problem(
                500,
                "internal-error",
                "Something went wrong inside",
                "the operator finds the reason in the log, under " + id);
    }

    private static String explanation(int status) {
        return switch (status) {
            case 404 -> "there is nothing at this address; /q/openapi lists what there is";
            case 405 -> "this address does not take this method; /q/openapi lists what there is";
            case 406 -> "this address cannot answer in the form that the Accept header asks for";
            case 415 -> "send the body as Content-Type: application/json";
            default -> "";
        };
    }
}
