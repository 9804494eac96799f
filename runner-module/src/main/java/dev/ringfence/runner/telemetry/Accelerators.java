package dev.ringfence.runner.telemetry;

import dev.ringfence.runner.telemetry.Telemetry.Accelerator;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * Graphics cards and other accelerators that drivers of the kernel show: in {@code class/drm} and {@code class/accel} of
 * sysfs, and NVIDIA's own below {@code driver/nvidia} of proc. Which there are is looked up once. Immutable.
 */
final class Accelerators {
    private final List<Path> devices;
    private final List<Accelerator> nvidia;

    private Accelerators(List<Path> devices, List<Accelerator> nvidia) {
        this.devices = List.copyOf(devices);
        this.nvidia = List.copyOf(nvidia);
    }

    static Accelerators of(Path proc, Path sys) {
        var devices = new ArrayList<Path>();
        for (var card : KernelText.entries(sys.resolve("class/drm"), "card[0-9]*")) {
            // Beside the cards lie their sockets, as card0-HDMI-A-1.
            if (!card.getFileName().toString().contains("-") && Files.exists(card.resolve("device/vendor"))) {
                devices.add(card);
            }
        }
        devices.addAll(KernelText.entries(sys.resolve("class/accel"), "accel[0-9]*"));
        var nvidia = new ArrayList<Accelerator>();
        for (var gpu : KernelText.entries(proc.resolve("driver/nvidia/gpus"), "*")) {
            var text = KernelText.read(gpu.resolve("information"));
            var model = text.lines()
                    .filter(line -> line.startsWith("Model:"))
                    .map(line -> line.substring("Model:".length()).strip())
                    .findFirst()
                    .orElse("NVIDIA");
            nvidia.add(new Accelerator(
                    "nvidia " + gpu.getFileName(),
                    model,
                    OptionalLong.empty(),
                    OptionalLong.empty(),
                    OptionalDouble.empty()));
        }
        return new Accelerators(devices, nvidia);
    }

    List<Accelerator> read() {
        if (devices.isEmpty()) {
            return nvidia;
        }
        var all = new ArrayList<>(nvidia);
        for (var path : devices) {
            var device = path.resolve("device");
            var busy = KernelText.number(device.resolve("gpu_busy_percent"));
            all.add(new Accelerator(
                    path.getFileName().toString(),
                    KernelText.read(device.resolve("vendor")).strip() + ":"
                            + KernelText.read(device.resolve("device")).strip(),
                    KernelText.number(device.resolve("mem_info_vram_total")),
                    KernelText.number(device.resolve("mem_info_vram_used")),
                    busy.isPresent() ? OptionalDouble.of((double) busy.getAsLong()) : OptionalDouble.empty()));
        }
        return all;
    }
}
