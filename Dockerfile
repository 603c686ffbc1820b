# The bridge as a container: docker build -t dingbridge .
#
# Only instructions that every builder knows are used (no cache mounts, no here-documents), so that BuildKit, the
# classic docker builder, podman and buildah of the distributions all build it. Where Docker Hub cannot be reached,
# name a mirror: --build-arg BUILD_IMAGE=… --build-arg RUN_IMAGE=…; a crates.io mirror goes into .cargo/config.toml.

ARG BUILD_IMAGE=docker.io/library/rust:1-slim-bookworm
ARG RUN_IMAGE=docker.io/library/debian:bookworm-slim

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --bin dingbridge \
 && install -D --mode=0755 target/release/dingbridge /out/bin/dingbridge \
 && install -D --mode=0644 LICENSE /out/doc/dingbridge/LICENSE \
 && install -d --mode=0750 /out/lib/dingbridge

# Nothing is run in this stage, so an image without a shell will do, if it has glibc and libgcc. Certificate roots, the
# time zone database and the built-in templates are inside the binary.
FROM ${RUN_IMAGE}
COPY --from=build /out/bin/ /usr/local/bin/
COPY --from=build /out/doc/ /usr/share/doc/
# The folder above is copied, not the folder itself: then it arrives with its owner, and so does a volume made from it.
COPY --from=build --chown=65534:65534 /out/lib/ /var/lib/

ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="dingbridge" \
      org.opencontainers.image.description="Brings alerts of Prometheus Alertmanager and other systems to DingTalk groups without losing one" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# By number: Kubernetes can only check runAsNonRoot against a number.
USER 65534:65534
WORKDIR /var/lib/dingbridge
# The outbox: what was accepted and is not delivered yet. Without a volume it is lost with the container.
VOLUME /var/lib/dingbridge
EXPOSE 8060
STOPSIGNAL SIGTERM
# In the environment, not as arguments: further arguments add to them, and `exec` into the container finds them too.
ENV DINGBRIDGE_CONFIG_FILE=/etc/dingbridge/dingbridge.yml \
    DINGBRIDGE_STORAGE_PATH=/var/lib/dingbridge
ENTRYPOINT ["/usr/local/bin/dingbridge"]
