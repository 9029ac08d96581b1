/* Answers every request with one message that was made beforehand, without reading what was asked: the least that an HTTP/2 server can
   do on one thread. What the load generator reaches against it is the most that it can measure.
   usage: null-server PORT; each answer is a Post with the key 1 (RFC 9113, RFC 7541). */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 4096, IN = 1 << 17, OUT = 1 << 20, TITLE = 280 };
enum { DATA = 0, HEADERS = 1, SETTINGS = 4, PING = 6, WINDOW_UPDATE = 8, END_STREAM = 1, ACK = 1, END_HEADERS = 4 };

struct connection {
  size_t in_length, out_length, out_sent;
  int greeted, answered, waits;
  uint8_t in[IN], out[OUT];
};
static struct connection *connections[MOST];
static uint8_t message[5 + 2 + 3 + TITLE];

static void put(struct connection *c, const void *bytes, size_t length) {
  if (c->out_length + length > OUT) {
    fprintf(stderr, "null-server: a client asks more than it reads\n");
    exit(1);
  }
  memcpy(c->out + c->out_length, bytes, length);
  c->out_length += length;
}

static void frame(struct connection *c, int type, int flags, uint32_t stream, const void *bytes, uint32_t length) {
  uint8_t head[9] = {length >> 16, length >> 8, length, type, flags, stream >> 24, stream >> 16, stream >> 8, stream};
  put(c, head, 9);
  put(c, bytes, length);
}

static void answer(struct connection *c, uint32_t stream) {
  /* The first answer puts its two fields into the client's table, from where later ones name them. */
  static const char first[] = "\x88\x5f\x10" "application/grpc", later[] = "\x88\xbf";
  static const char first_trailer[] = "\x40\x0b" "grpc-status" "\x01" "0", later_trailer[] = "\xbe";
  if (c->answered) frame(c, HEADERS, END_HEADERS, stream, later, sizeof later - 1);
  else frame(c, HEADERS, END_HEADERS, stream, first, sizeof first - 1);
  frame(c, DATA, 0, stream, message, sizeof message);
  if (c->answered) frame(c, HEADERS, END_HEADERS | END_STREAM, stream, later_trailer, sizeof later_trailer - 1);
  else frame(c, HEADERS, END_HEADERS | END_STREAM, stream, first_trailer, sizeof first_trailer - 1);
  c->answered = 1;
}

static void read_frames(struct connection *c) {
  size_t at = 0;
  uint32_t taken = 0;
  if (!c->greeted) {
    if (c->in_length < 24) return;
    at = 24, c->greeted = 1;
    frame(c, SETTINGS, 0, 0, "", 0);
    frame(c, WINDOW_UPDATE, 0, 0, "\x3f\xff\0\0", 4);
  }
  while (c->in_length - at >= 9) {
    const uint8_t *f = c->in + at;
    uint32_t length = f[0] << 16 | f[1] << 8 | f[2], stream = (uint32_t)f[5] << 24 | f[6] << 16 | f[7] << 8 | f[8];
    if (c->in_length - at < 9 + length) break;
    if (f[3] == SETTINGS && !(f[4] & ACK)) frame(c, SETTINGS, ACK, 0, "", 0);
    if (f[3] == PING && !(f[4] & ACK)) frame(c, PING, ACK, 0, f + 9, 8);
    if (f[3] == DATA) {
      taken += length;
      if (f[4] & END_STREAM) answer(c, stream);
    }
    at += 9 + length;
  }
  if (taken) {
    uint8_t window[4] = {taken >> 24, taken >> 16, taken >> 8, taken};
    frame(c, WINDOW_UPDATE, 0, 0, window, 4);
  }
  memmove(c->in, c->in + at, c->in_length - at);
  c->in_length -= at;
}

/* 0: the connection is over. */
static int serve(int fd, int epoll) {
  struct connection *c = connections[fd];
  ssize_t n = read(fd, c->in + c->in_length, IN - c->in_length);
  if (n == 0 || (n < 0 && errno != EAGAIN)) return 0;
  if (n > 0) c->in_length += n, read_frames(c);
  while (c->out_sent < c->out_length) {
    n = write(fd, c->out + c->out_sent, c->out_length - c->out_sent);
    if (n < 0 && errno != EAGAIN) return 0;
    if (n < 0) break;
    c->out_sent += n;
  }
  int waits = c->out_sent < c->out_length;
  if (!waits) c->out_sent = c->out_length = 0;
  if (waits != c->waits) {
    struct epoll_event event = {.events = waits ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.fd = fd};
    epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
    c->waits = waits;
  }
  return 1;
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  uint8_t head[] = {0, 0, 0, (sizeof message - 5) >> 8, (sizeof message - 5) & 255, 0x08, 1, 0x12, (TITLE & 127) | 128, TITLE >> 7};
  memcpy(message, head, sizeof head);
  memset(message + sizeof head, 'x', TITLE);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1, epoll = epoll_create1(0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1024) || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event)) {
    perror("null-server");
    return 1;
  }
  for (;;) {
    struct epoll_event events[256];
    int count = epoll_wait(epoll, events, 256, -1);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd != listener) {
        if (!serve(fd, epoll)) {
          free(connections[fd]);
          close(fd);
        }
      } else if ((fd = accept4(listener, 0, 0, SOCK_NONBLOCK)) >= 0) {
        if (fd >= MOST || !(connections[fd] = calloc(1, sizeof *connections[fd]))) return 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        event = (struct epoll_event){.events = EPOLLIN, .data.fd = fd};
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
      }
    }
  }
}
