/* Ways to and around a proxy. Each prints what became of it; the caller knows what should have. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROXY_PORT 3128

static struct sockaddr_in address(const char *host, int port) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, host, &a.sin_addr);
    return a;
}

static const char *outcome(int result) {
    return result < 0 ? strerrorname_np(errno) : "ok";
}

static int tcp(void) {
    return socket(AF_INET, SOCK_STREAM, 0);
}

static int connected(const char *host, int port) {
    struct sockaddr_in a = address(host, port);
    return connect(tcp(), (struct sockaddr *)&a, sizeof a);
}

/* Sends a request and tells how the answer begins. */
static void ask(int fd, const char *request) {
    char answer[64] = {0};
    if (write(fd, request, strlen(request)) < 0) {
        printf("write %s\n", strerrorname_np(errno));
        return;
    }
    ssize_t count = read(fd, answer, 12);
    printf("%s\n", count > 0 ? answer : "nothing");
}

static void doors(int port) {
    struct sockaddr_in origin = address("127.0.0.1", port), metadata = address("169.254.169.254", 80);
    printf("direct %s\n", outcome(connected("127.0.0.1", port)));
    printf("metadata %s\n", outcome(connected("169.254.169.254", 80)));
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(80)};
    inet_pton(AF_INET6, "::ffff:169.254.169.254", &six.sin6_addr);
    printf("mapped %s\n", outcome(connect(socket(AF_INET6, SOCK_STREAM, 0), (struct sockaddr *)&six, sizeof six)));
    printf("udp %s\n", outcome(socket(AF_INET, SOCK_DGRAM, 0)));
    printf("udp6 %s\n", outcome(socket(AF_INET6, SOCK_DGRAM, 0)));
    printf("raw %s\n", outcome(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)));
    printf("packet %s\n", outcome(socket(AF_PACKET, SOCK_RAW, 0)));
    printf("netlink %s\n", outcome(socket(AF_NETLINK, SOCK_RAW, 0)));
    printf("sctp %s\n", outcome(socket(AF_INET, SOCK_STREAM, 132)));
    printf("mptcp %s\n", outcome(socket(AF_INET, SOCK_STREAM, 262)));
    printf("fastopen %s\n",
           outcome(sendto(tcp(), "x", 1, MSG_FASTOPEN, (struct sockaddr *)&metadata, sizeof metadata)));
    struct iovec part = {.iov_base = "x", .iov_len = 1};
    struct msghdr message = {.msg_name = &origin, .msg_namelen = sizeof origin, .msg_iov = &part, .msg_iovlen = 1};
    printf("fastopen message %s\n", outcome(sendmsg(tcp(), &message, MSG_FASTOPEN)));
    printf("short %s\n", outcome(connect(tcp(), (struct sockaddr *)&origin, 1)));
    printf("unmapped %s\n", outcome(connect(tcp(), (struct sockaddr *)16, sizeof origin)));
    printf("kernel %s\n", outcome(connect(tcp(), (struct sockaddr *)0xffff800000000000, sizeof origin)));
}

/* What programs do with a connection, and what they must not be able to do with it. */
static void handle(int port) {
    struct sockaddr_in proxy = address("127.0.0.1", PROXY_PORT), origin = address("127.0.0.1", port), none = {0};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    printf("before %s\n", outcome(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on)));
    printf("connect %s\n", outcome(connect(fd, (struct sockaddr *)&proxy, sizeof proxy)));
    printf("flags %d %d\n", !!(fcntl(fd, F_GETFL) & O_NONBLOCK), !!(fcntl(fd, F_GETFD) & FD_CLOEXEC));
    printf("after %s\n", outcome(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on)));
    printf("keepalive %s\n", outcome(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on)));
    /* Away from the proxy and to somewhere else. */
    printf("dissolve %s\n", outcome(connect(fd, (struct sockaddr *)&none, sizeof none)));
    printf("again %s\n", outcome(connect(fd, (struct sockaddr *)&origin, sizeof origin)));
    printf("listen %s\n", outcome(listen(fd, 1)));

    int blocking = tcp();
    printf("connect %s\n", outcome(connect(blocking, (struct sockaddr *)&proxy, sizeof proxy)));
    printf("flags %d %d\n", !!(fcntl(blocking, F_GETFL) & O_NONBLOCK), !!(fcntl(blocking, F_GETFD) & FD_CLOEXEC));
    ask(blocking, "GET / HTTP/1.1\r\n\r\n");

    int ends[2];
    if (pipe(ends) == 0) {
        printf("pipe %s\n", outcome(connect(ends[0], (struct sockaddr *)&proxy, sizeof proxy)));
    }
    printf("closed %s\n", outcome(connect(999, (struct sockaddr *)&proxy, sizeof proxy)));
}

/* A server and its client, both in the job. */
static void own(void) {
    struct sockaddr_in a = address("127.0.0.1", 8080);
    int server = tcp();
    printf("bind %s\n", outcome(bind(server, (struct sockaddr *)&a, sizeof a)));
    printf("listen %s\n", outcome(listen(server, 1)));
    printf("connect %s\n", outcome(connected("127.0.0.1", 8080)));
    struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/tmp/socket"};
    int unix_server = socket(AF_UNIX, SOCK_STREAM, 0);
    bind(unix_server, (struct sockaddr *)&local, sizeof local);
    listen(unix_server, 1);
    printf("unix %s\n", outcome(connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&local, sizeof local)));
}

static struct sockaddr_in changing, good, evil;
static volatile int over;

static void *change(void *unused) {
    (void)unused;
    while (!over) {
        memcpy(&changing, &evil, sizeof evil);
        memcpy(&changing, &good, sizeof good);
    }
    return NULL;
}

/* The address is another one by the time that it is used: through to the proxy's or a harmless one, then the origin's. */
static void race(int port) {
    pthread_t thread;
    evil = address("127.0.0.1", port);
    int reached = 0;
    for (int round = 0; round < 2; round++) {
        good = round == 0 ? address("127.0.0.1", PROXY_PORT) : address("127.0.0.1", 9);
        over = 0;
        pthread_create(&thread, NULL, change, NULL);
        for (int i = 0; i < 1000; i++) {
            int fd = tcp();
            struct timeval soon = {.tv_usec = 50000};
            setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
            if (connect(fd, (struct sockaddr *)&changing, sizeof changing) == 0) {
                char answer[7] = {0};
                /* The proxy says nothing by itself; the origin does. */
                if (recv(fd, answer, 6, MSG_DONTWAIT) > 0 && strcmp(answer, "origin") == 0) {
                    reached++;
                }
            }
            close(fd);
        }
        over = 1;
        pthread_join(thread, NULL);
    }
    printf("reached %d\n", reached);
}

static void *connect_forever(void *unused) {
    (void)unused;
    for (;;) {
        int fd = tcp();
        struct sockaddr_in a = address("127.0.0.1", PROXY_PORT);
        connect(fd, (struct sockaddr *)&a, sizeof a);
        close(fd);
    }
    return NULL;
}

/* Ends in the middle of its questions. */
static void vanish(void) {
    for (int i = 0; i < 20; i++) {
        pid_t child = fork();
        if (child == 0) {
            pthread_t threads[3];
            for (int t = 0; t < 3; t++) {
                pthread_create(&threads[t], NULL, connect_forever, NULL);
            }
            usleep(1000 * (i % 7));
            kill(getpid(), SIGKILL);
        }
        waitpid(child, NULL, 0);
    }
    printf("connect %s\n", outcome(connected("127.0.0.1", PROXY_PORT)));
}

static void flood(void) {
    connect_forever(NULL);
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IONBF, 0);
    const char *what = argc > 1 ? argv[1] : "";
    int port = argc > 2 ? atoi(argv[2]) : 0;
    if (!strcmp(what, "doors")) {
        doors(port);
    } else if (!strcmp(what, "handle")) {
        handle(port);
    } else if (!strcmp(what, "own")) {
        own();
    } else if (!strcmp(what, "race")) {
        race(port);
    } else if (!strcmp(what, "vanish")) {
        vanish();
    } else if (!strcmp(what, "flood")) {
        flood();
    } else {
        return 2;
    }
    return 0;
}
