package dev.ringfence.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class GpuRequirementsTest {
    private static final String MODEL = """
            [[slm.model_allow_lists.global_models]]
            id = "large"
            provider = { %s }
            capabilities = ["TextGeneration"]
            resource_requirements = { min_memory_mb = 100, gpu_requirements = { min_vram_mb = 24000 } }
            engine = { sandbox_profile = "%s" }

            [slm.sandbox_profiles.with-gpu.resources]
            gpu_access = "Exclusive"
            """;

    @Test
    void aModelThatAsksForAGpuAndGetsNoneIsWarnedAboutByItsKeyAndProfile() {
        assertThat(Catalog.parse(MODEL.formatted("LocalFile = { file_path = \"/nowhere.gguf\" }", "secure"), "test")
                        .warnings())
                .filteredOn(warning -> warning.key().endsWith(".resource_requirements.gpu_requirements.min_vram_mb"))
                .singleElement()
                .satisfies(warning -> assertThat(warning.message())
                        .contains("secure, gives no GPU", "resources.gpu_access", "engine.sandbox_profile"));
    }

    @Test
    void aModelWhoseProfileGivesAGpuIsNotWarnedAbout() {
        assertThat(Catalog.parse(MODEL.formatted("LocalFile = { file_path = \"/nowhere.gguf\" }", "with-gpu"), "test")
                        .warnings())
                .noneMatch(warning -> warning.key().contains("gpu_requirements"));
    }
}
