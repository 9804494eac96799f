package dev.ringfence.api.rest;

import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Response;
import java.util.ArrayList;
import java.util.Optional;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;

/**
 * Refuses query parameters that an address does not know: a misspelt {@code dry_run} must not run the job. Tells which
 * methods an address takes.
 */
public class AddressGuard {
    private static final String NATIVE = "/api/";

    @ServerRequestFilter
    public void check(ContainerRequestContext request) {
        var uri = request.getUriInfo();
        var path = uri.getPath();
        var given = uri.getQueryParameters();
        if (given.isEmpty() || !path.startsWith(NATIVE)) {
            return;
        }
        var known = Addresses.parameters(request.getMethod(), path);
        var errors = new ArrayList<String>();
        given.forEach((name, values) -> {
            if (!known.contains(name)) {
                errors.add(name + ": there is no such parameter; "
                        + (known.isEmpty() ? "there is none here" : "there are " + known));
            } else if (values.contains("")) {
                errors.add(name + ": it has no value");
            }
        });
        if (!errors.isEmpty()) {
            throw new BadRequest("invalid-request", errors);
        }
    }

    /** The framework's own answer has the methods of other addresses too. */
    @ServerRequestFilter(preMatching = true)
    public Optional<Response> options(ContainerRequestContext request) {
        if (!request.getMethod().equals(HttpMethod.OPTIONS)) {
            return Optional.empty();
        }
        var methods = Addresses.methods(request.getUriInfo().getPath());
        return methods.isEmpty()
                ? Optional.empty()
                : Optional.of(Response.noContent()
                        .header("Allow", String.join(", ", methods))
                        .build());
    }
}
