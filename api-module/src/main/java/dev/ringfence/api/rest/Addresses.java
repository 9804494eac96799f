package dev.ringfence.api.rest;

import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A table of the addresses of some resources, with the methods and query parameters that each takes. It is read from what
 * the resources declare, so it is to be made by the initialiser of a class: that of a native executable runs when it is
 * built, and later nothing can be read there.
 */
public final class Addresses {
    /** A variable of a path, with its pattern if it has one. */
    private static final Pattern VARIABLE = Pattern.compile("\\{\\s*\\w+\\s*(?::\\s*([^}]+))?}");

    private static final String SEGMENT = "[^/]+";

    static final List<Class<?>> RESOURCES = List.of(
            ArtifactsResource.class,
            CatalogResource.class,
            ConfigResource.class,
            EventsResource.class,
            HostResource.class,
            JobsResource.class,
            JournalResource.class,
            ModelsResource.class,
            ServiceResource.class,
            SessionsResource.class);

    /** Those of the native API. */
    static final Addresses NATIVE = of(RESOURCES);

    private final List<Address> all;

    /**
     * One method of a resource.
     *
     * @param literal how much of the path is given; of two that fit, the one with more of it is meant
     */
    private record Address(String verb, Pattern path, int literal, Set<String> parameters) {
        static Address of(String verb, Class<?> resource, Method method) {
            var path = path(resource.getAnnotation(Path.class)) + path(method.getAnnotation(Path.class));
            var variable = VARIABLE.matcher(path);
            var pattern = new StringBuilder();
            int literal = path.length();
            int behind = 0;
            while (variable.find()) {
                pattern.append(Pattern.quote(path.substring(behind, variable.start())))
                        .append(variable.group(1) == null ? SEGMENT : variable.group(1));
                literal -= variable.group().length();
                behind = variable.end();
            }
            pattern.append(Pattern.quote(path.substring(behind))).append("/?");
            var parameters = Arrays.stream(method.getParameters())
                    .flatMap(parameter -> Arrays.stream(parameter.getAnnotationsByType(QueryParam.class)))
                    .map(QueryParam::value)
                    .collect(Collectors.toUnmodifiableSet());
            return new Address(verb, Pattern.compile(pattern.toString()), literal, parameters);
        }

        private static String path(Path annotation) {
            return annotation == null ? "" : annotation.value();
        }

        boolean isAt(String path) {
            return this.path.matcher(path).matches();
        }
    }

    private Addresses(List<Address> all) {
        this.all = all;
    }

    /** Those of some resources. */
    public static Addresses of(List<Class<?>> resources) {
        return new Addresses(resources.stream()
                .flatMap(resource -> Arrays.stream(resource.getDeclaredMethods())
                        .flatMap(method -> Arrays.stream(method.getAnnotations())
                                .map(annotation -> annotation.annotationType().getAnnotation(HttpMethod.class))
                                .filter(verb -> verb != null)
                                .map(verb -> Address.of(verb.value(), resource, method))))
                .toList());
    }

    /** The query parameters that a method takes at an address, by their names; of all forms of its answer. */
    Set<String> parameters(String verb, String path) {
        var fitting = all.stream()
                .filter(address -> address.verb.equals(verb.equals(HttpMethod.HEAD) ? HttpMethod.GET : verb))
                .filter(address -> address.isAt(path))
                .toList();
        int meant = fitting.stream().mapToInt(Address::literal).max().orElse(0);
        return fitting.stream()
                .filter(address -> address.literal == meant)
                .flatMap(address -> address.parameters.stream())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** The methods that an address takes, as the header {@code Allow} has them; empty if there is nothing there. */
    public List<String> methods(String path) {
        var verbs = all.stream()
                .filter(address -> address.isAt(path))
                .map(Address::verb)
                .collect(Collectors.toCollection(TreeSet::new));
        if (verbs.isEmpty()) {
            return List.of();
        }
        if (verbs.contains(HttpMethod.GET)) {
            verbs.add(HttpMethod.HEAD);
        }
        verbs.add(HttpMethod.OPTIONS);
        return verbs.stream().sorted(Comparator.naturalOrder()).toList();
    }

    /**
     * The answer to a request that asks with {@code OPTIONS} which methods its address takes; empty for any other. The
     * framework's own answer has the methods of other addresses too.
     */
    public Optional<Response> options(ContainerRequestContext request) {
        if (!request.getMethod().equals(HttpMethod.OPTIONS)) {
            return Optional.empty();
        }
        var methods = methods(request.getUriInfo().getPath());
        return methods.isEmpty()
                ? Optional.empty()
                : Optional.of(Response.noContent()
                        .header(HttpHeaders.ALLOW, String.join(", ", methods))
                        .build());
    }
}
