# The image of the daemon: what the Debian package has, on a small Debian. Build the package first:
#
#   scripts/build-deb && docker build -t charon-ts .
#
# Run it with --cap-add NET_ADMIN; conf/examples/two-containers shows how.
ARG BASE=docker.io/library/debian:12-slim

FROM ${BASE} AS package
COPY build/charon-ts.deb /
RUN dpkg --extract /charon-ts.deb /tree && cd /tree && \
    mv usr/share/charon-ts/swanctl.conf etc/swanctl/ && \
    echo 'include /run/charon-ts.d/swanctl*.conf' >>etc/swanctl/swanctl.conf && \
    mv usr/share/doc/charon-ts/copyright . && \
    rm -rf etc/default usr/share usr/lib/systemd usr/lib/sysusers.d usr/lib/tmpfiles.d && \
    mkdir -p usr/share/doc/charon-ts && mv copyright usr/share/doc/charon-ts/

FROM ${BASE}
# Both are installed on Debian 12, and the daemon drops its rights with the third: if a base lacks one, it shows here.
RUN ldconfig -p | grep -q libstdc++.so.6 && ldconfig -p | grep -q libgcc_s.so.1 && command -v setpriv >/dev/null
# Root steers the daemon as a member of its group: it has no right to ignore permissions if all capabilities are dropped.
RUN for user in charon-ts:10500 charon-ts-keys:10501; do \
      echo "${user%:*}:x:${user#*:}:${user#*:}::/nonexistent:/usr/sbin/nologin" >>/etc/passwd && \
      echo "${user%:*}:x:${user#*:}:root" >>/etc/group; \
    done
COPY --from=package /tree/ /
EXPOSE 500/udp 4500/udp
STOPSIGNAL SIGTERM
# The daemon answers, which is more than that its process is there.
HEALTHCHECK --interval=30s --timeout=10s --start-period=20s CMD ["/usr/sbin/swanctl", "--stats"]
# Root here is who may become somebody else: the daemon and what keeps private keys are users of their own.
ENTRYPOINT ["/usr/lib/charon-ts/bin/node", "/usr/lib/charon-ts/dist/bin/container.js"]
