#include "hostile.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

void socket_families(char **arguments) {
    (void)arguments;
    attempt("raw IPv4", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
    attempt("raw IPv4, nonblocking", socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_RAW));
    attempt("raw IPv6", socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6));
    attempt("ping", socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
    attempt("packets", socket(AF_PACKET, SOCK_RAW, htons(3)));
    attempt("netlink", socket(AF_NETLINK, SOCK_RAW, 0));
    attempt("audit", socket(AF_NETLINK, SOCK_RAW, 9));
    attempt("netfilter", socket(AF_NETLINK, SOCK_RAW, 12));
    attempt("kernel cryptography", socket(AF_ALG, SOCK_SEQPACKET, 0));
    attempt("virtual machines", socket(AF_VSOCK, SOCK_STREAM, 0));
    attempt("Bluetooth", socket(31, SOCK_RAW, 0));
    attempt("CAN bus", socket(29, SOCK_RAW, 1));
    attempt("XDP", socket(44, SOCK_RAW, 0));
    attempt("TIPC", socket(30, SOCK_STREAM, 0));
    attempt("SMC", socket(43, SOCK_STREAM, 0));
    attempt("SCTP", socket(AF_INET, SOCK_STREAM, 132));
}

static int connect_unix(const char *path, int abstract, int type) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path + abstract, path, sizeof address.sun_path - 2);
    int descriptor = socket(AF_UNIX, type, 0);
    return descriptor < 0 ? -1
                          : connect(descriptor, (struct sockaddr *)&address,
                                    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)abstract + strlen(path)));
}

/* An end of a pair is a socket like others: it may be connected anew, or send elsewhere. */
static int from_pair(const char *path, int abstract, int connects) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0) {
        return -1;
    }
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path + abstract, path, sizeof address.sun_path - 2);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)abstract + strlen(path));
    return connects ? connect(pair[0], (struct sockaddr *)&address, length)
                    : (int)sendto(pair[0], "x", 1, 0, (struct sockaddr *)&address, length);
}

/* Where the service may put a socket, but the program has no room for it. ARGUMENTS: the proxy's port. */
void connect_beyond_limit(char **arguments) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(arguments[0]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (dup2(socket(AF_INET, SOCK_STREAM, 0), 50) < 0) {
        exit(3);
    }
    struct rlimit few = {10, 10};
    setrlimit(RLIMIT_NOFILE, &few);
    for (int i = 0; i < 3; i++) {
        attempt("a connection beyond the limit", connect(50, (struct sockaddr *)&address, sizeof address));
    }
}

/* ARGUMENTS: an abstract name and a path at which the host listens, and those at which it takes datagrams. */
void unix_sockets(char **arguments) {
    attempt("a datagram from a pair to an abstract name", from_pair(arguments[2], 1, 0));
    attempt("a datagram from a pair to a socket file", from_pair(arguments[3], 0, 0));
    attempt("an end of a pair connected to a socket file", from_pair(arguments[3], 0, 1));
    attempt("datagrams to a socket file", connect_unix(arguments[3], 0, SOCK_DGRAM));
    attempt("an abstract name of the host", connect_unix(arguments[0], 1, SOCK_STREAM));
    attempt("a socket file of the host", connect_unix(arguments[1], 0, SOCK_STREAM));
    attempt("the system's log", connect_unix("/dev/log", 0, SOCK_DGRAM));
    attempt("the system's bus", connect_unix("/run/dbus/system_bus_socket", 0, SOCK_STREAM));
    attempt("docker", connect_unix("/var/run/docker.sock", 0, SOCK_STREAM));
}

static int connected(int descriptor) {
    struct pollfd entry = {descriptor, POLLOUT, 0};
    int error = 0;
    socklen_t length = sizeof error;
    if (poll(&entry, 1, 500) == 1 && getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == 0) {
        return 0;
    }
    errno = error == 0 ? ETIMEDOUT : error;
    return -1;
}

/* ARGUMENTS: pairs of address and port. */
void connect_to(char **arguments) {
    for (; arguments[0] != NULL && arguments[1] != NULL; arguments += 2) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(arguments[1]))};
        inet_pton(AF_INET, arguments[0], &address.sin_addr);
        struct sockaddr_in6 mapped = {.sin6_family = AF_INET6, .sin6_port = address.sin_port};
        mapped.sin6_addr.s6_addr[10] = mapped.sin6_addr.s6_addr[11] = 0xff;
        memcpy(&mapped.sin6_addr.s6_addr[12], &address.sin_addr, 4);
        char what[100];

        snprintf(what, sizeof what, "TCP to %s", arguments[0]);
        int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        int result = descriptor < 0 ? -1 : connect(descriptor, (struct sockaddr *)&address, sizeof address);
        attempt(what, result < 0 && errno == EINPROGRESS ? connected(descriptor) : result);

        snprintf(what, sizeof what, "TCP over IPv6 to %s", arguments[0]);
        descriptor = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
        result = descriptor < 0 ? -1 : connect(descriptor, (struct sockaddr *)&mapped, sizeof mapped);
        attempt(what, result < 0 && errno == EINPROGRESS ? connected(descriptor) : result);

        snprintf(what, sizeof what, "TCP fast open to %s", arguments[0]);
        descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        result = descriptor < 0 ? -1
                                : (int)sendto(descriptor, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&address,
                                              sizeof address);
        attempt(what, result < 0 && errno == EINPROGRESS ? connected(descriptor) : result);

        snprintf(what, sizeof what, "UDP to %s", arguments[0]);
        descriptor = socket(AF_INET, SOCK_DGRAM, 0);
        attempt(what, descriptor < 0 ? -1
                                     : sendto(descriptor, "x", 1, 0, (struct sockaddr *)&address, sizeof address));
    }
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(47391)};
    attempt("listening on all addresses",
            descriptor < 0 ? -1 : bind(descriptor, (struct sockaddr *)&any, sizeof any));
}

/* As many mebibytes to either stream as the argument says; without one, no end. */
static void write_much(const char *content, size_t length, char **arguments) {
    static char block[64 * 1024];
    for (size_t i = 0; i < sizeof block; i++) {
        block[i] = content[i % length];
    }
    long blocks = arguments[0] ? atol(arguments[0]) * 16 : LONG_MAX;
    for (long i = 0; i < blocks; i++) {
        if (write(1, block, sizeof block) < 0 || write(2, block, sizeof block) < 0) {
            exit(3);
        }
    }
}

void flood(char **arguments) {
    write_much("flood\n", 6, arguments);
}

/* No end of line, and no character that ends. */
void endless_line(char **arguments) {
    write_much("\xe2\x82", 2, arguments);
}

static int bound(const char *path, int abstract, int type) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path + abstract, path, sizeof address.sun_path - 2);
    int descriptor = socket(AF_UNIX, type, 0);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)abstract + strlen(path));
    if (descriptor < 0 || bind(descriptor, (struct sockaddr *)&address, length) < 0) {
        perror("serve-unix");
        exit(1);
    }
    return descriptor;
}

/* The host's side of the attempts above. ARGUMENTS: the abstract names and the path. */
void serve_unix(char **arguments) {
    int listener = bound(arguments[0], 1, SOCK_STREAM);
    bound(arguments[1], 1, SOCK_DGRAM);
    unlink(arguments[2]);
    bound(arguments[2], 0, SOCK_DGRAM);
    if (listen(listener, 16) < 0 || chmod(arguments[2], 0777) < 0) {
        perror("serve-unix");
        exit(1);
    }
    printf("listening\n");
    for (;;) {
        close(accept(listener, NULL, NULL));
    }
}

/* On every address of its network, TCP and UDP. ARGUMENTS: the port. */
void serve_tcp(char **arguments) {
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(arguments[0]))};
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int datagrams = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(listener, (struct sockaddr *)&any, sizeof any) < 0 || listen(listener, 16) < 0 ||
        bind(datagrams, (struct sockaddr *)&any, sizeof any) < 0) {
        perror("serve-tcp");
        exit(1);
    }
    printf("listening\n");
    struct pollfd entries[] = {{listener, POLLIN, 0}, {datagrams, POLLIN, 0}};
    for (;;) {
        poll(entries, 2, -1);
        if (entries[0].revents != 0) {
            close(accept(listener, NULL, NULL));
        }
        char byte;
        if (entries[1].revents != 0 && recv(datagrams, &byte, 1, 0) >= 0) {
            printf("datagram\n");
        }
    }
}
