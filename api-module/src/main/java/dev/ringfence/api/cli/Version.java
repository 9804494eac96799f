package dev.ringfence.api.cli;

import picocli.CommandLine.IVersionProvider;

/** The version, from the package. */
final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
        String version = Version.class.getPackage().getImplementationVersion();
        return new String[] {"ringfence " + (version == null ? "(unpackaged)" : version)};
    }
}
