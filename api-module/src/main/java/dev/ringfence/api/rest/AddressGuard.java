package dev.ringfence.api.rest;

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
        var known = Addresses.NATIVE.parameters(request.getMethod(), path);
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

    @ServerRequestFilter(preMatching = true)
    public Optional<Response> options(ContainerRequestContext request) {
        return Addresses.NATIVE.options(request);
    }
}
