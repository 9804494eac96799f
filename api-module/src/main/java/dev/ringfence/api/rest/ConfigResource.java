package dev.ringfence.api.rest;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.api.Settings;
import io.smallrye.config.SmallRyeConfig;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import org.eclipse.microprofile.config.ConfigProvider;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** What the running service was configured with. */
@Path("/api/v1/config")
@Produces(MediaType.APPLICATION_JSON)
@Tag(name = "service")
public class ConfigResource {
    @GET
    @Admin
    @Operation(
            summary = "Every setting, its value and where that comes from",
            description = "As the service runs with it, options of `serve` included; the same as `ringfence config show"
                    + " --json` prints. Secrets are masked. For administrators.")
    public Response config() {
        var json = JsonNodeFactory.instance.objectNode();
        var settings = json.putArray("settings");
        Settings.of(ConfigProvider.getConfig().unwrap(SmallRyeConfig.class))
                .forEach(setting -> settings.addObject()
                        .put("key", setting.key())
                        .put("value", setting.value())
                        .put("source", setting.source()));
        return Response.ok(json).build();
    }
}
