// loadgen: gRPC load generator for bench.PostController: a closed loop, or
// with --rate an open one, whose latencies count from when a call was due, so
// that a server that stalls is charged for the calls that could not be sent.
//
// One thread, epoll, hand-written HTTP/2 framing; requests are sent the way a
// real gRPC client sends them (first request on a connection inserts its
// headers in the HPACK dynamic table, later ones are 7 indexed bytes), and
// responses are HPACK-decoded with nghttp2 so that every reply is checked:
// :status 200, grpc-status 0 in the trailers, the number of messages, for
// single-object calls that the id in the reply is the id that was asked for,
// and for Lists that ids ascend, from the one that was asked for on.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <string>
#include <vector>

using std::string;
using std::vector;
typedef uint8_t u8;

static uint64_t now_ns() {
  timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return uint64_t(ts.tv_sec) * 1000000000ull + ts.tv_nsec;
}

// ---------------------------------------------------------------- options
static struct {
  string host = "127.0.0.1", op = "retrieve", path;
  int port = 0, conns = 1, idle = 0, streams = 1, page_size = 100, page_size_field = 3;
  bool some = false;
  long n = 10000, lo = 1, hi = 100000, fixed_id = 0;
  double max_time = 12, grace = 20, rate = 0;
  string filter, header_name, header_value;
  unsigned seed = 1;
  bool check = true, tls = false;
} opt;

// ---------------------------------------------------------------- protobuf
static void varint(string& s, uint64_t v) {
  while (v >= 0x80) s += char(v | 0x80), v >>= 7;
  s += char(v);
}
static void vint(string& s, int f, uint64_t v) { varint(s, f << 3), varint(s, v); }
static void bytes(string& s, int f, const string& b) { varint(s, f << 3 | 2), varint(s, b.size()), s += b; }
static string dbl(double d) {
  string s = "\x09";
  s.append(reinterpret_cast<char*>(&d), 8);
  return s;
}
static string wrap_s(const string& v) { string s; bytes(s, 1, v); return s; }
static string wrap_i(uint64_t v) { string s; vint(s, 1, v); return s; }
static string ts(int64_t sec, int nanos) { string s; vint(s, 1, sec), vint(s, 2, nanos); return s; }

static vector<string> g_bodies;  // pre-built tails (without id)
static std::mt19937_64 g_rng;

static string lorem(std::mt19937_64& r, size_t want) {
  static const char* w[] = {"river", "garden", "the", "over", "station", "planner", "letter", "music", "when", "winter",
                            "cursor", "and", "market", "vacuum", "signal", "of", "stream", "teacher", "window", "in"};
  string s;
  while (s.size() < want) {
    if (!s.empty()) s += ' ';
    s += w[r() % 20];
  }
  return s;
}

static void build_bodies() {
  std::mt19937_64 r(opt.seed * 77 + 5);
  for (int i = 0; i < 256; i++) {
    string b, title = lorem(r, 26), content = lorem(r, 195);
    int views = r() % 100000;
    double rating = (r() % 500) / 100.0;
    int64_t sec = 1600000000 + r() % 100000000;
    if (opt.op == "create" || opt.op == "update") {
      bytes(b, 2, title), bytes(b, 3, content), vint(b, 4, views), bytes(b, 5, dbl(rating)), vint(b, 6, 1),
          bytes(b, 7, ts(sec, (r() % 1000000) * 1000));
    } else if (opt.op == "partial") {
      bytes(b, 2, wrap_s(title)), bytes(b, 4, wrap_i(views));
      bytes(b, 8, "title"), bytes(b, 8, "views");
    }
    g_bodies.push_back(b);
  }
}

static long next_id() {
  if (opt.fixed_id) return opt.fixed_id;
  return opt.lo + long(g_rng() % uint64_t(opt.hi - opt.lo + 1));
}

// The filter with each `{}` replaced by the key of a call.
static string filter_with(long id) {
  string text = opt.filter, key = std::to_string(id);
  for (size_t at = 0; (at = text.find("{}", at)) != string::npos; at += key.size()) text.replace(at, 2, key);
  return text;
}

// ---------------------------------------------------------------- connection
struct Slot {
  uint32_t sid = 0;  // 0 = idle
  uint64_t t0 = 0;
  long id = 0;
  int grpc_status = -1;
  bool http_ok = false;
  u8 hdr[5];
  int hdr_len = 0;
  uint32_t left = 0;  // bytes left of the current message
  bool in_msg = false;
  long msgs = 0, last_id = 0;
  bool descends = false;  // an id of a List was not larger than the one before
  u8 head[16];
  int head_len = 0;
};

struct Conn {
  int fd = -1;
  SSL* ssl = nullptr;  // without --tls 1
  vector<u8> rest;  // what was read of a frame that is not whole
  string out;
  size_t out_pos = 0;
  bool want_write = false, got_settings = false, first = true, dead = false, literal_only = false;
  bool active = true;  // false: it is only there, and has no calls
  uint32_t peer_table = 4096;
  int64_t send_win = 65535, peer_init_win = 65535;
  uint64_t consumed = 0;
  uint32_t next_sid = 1;
  nghttp2_hd_inflater* inf = nullptr;
  vector<Slot> slots;
  vector<std::pair<int, uint64_t>> blocked;  // slots that wait for the peer's window, and when they were due
  string hb;  // header block being collected across CONTINUATION
  uint32_t hb_sid = 0;
  bool hb_end_stream = false;
};

static vector<Conn> conns;
// All connections read into one buffer: thousands of them need little memory.
static vector<u8> g_in(1 << 18);
static size_t g_in_len;
static int ep, alive, waited_for;  // waited_for: connections whose server's SETTINGS have not come
static long issued, completed, errors, messages, unfinished;
static uint64_t rx_bytes, t_start, t_last, t_deadline;
static vector<uint32_t> lat;  // microseconds*10 (0.1 us units)
static std::map<string, long> err_kinds;

static void fail(const string& k) { errors++, err_kinds[k]++; }

static void frame(string& o, uint32_t len, u8 type, u8 flags, uint32_t sid) {
  u8 h[9] = {u8(len >> 16), u8(len >> 8), u8(len), type, flags, u8(sid >> 24), u8(sid >> 16), u8(sid >> 8), u8(sid)};
  o.append(reinterpret_cast<char*>(h), 9);
}
static void be32(string& o, uint32_t v) {
  u8 b[4] = {u8(v >> 24), u8(v >> 16), u8(v >> 8), u8(v)};
  o.append(reinterpret_cast<char*>(b), 4);
}

static void hstr(string& o, const string& s) {
  if (s.size() < 127) o += char(s.size());
  else o += char(127), varint(o, s.size() - 127);
  o += s;
}

static const string& header_block(Conn& c) {
  static string lit, idx;
  static string authority = opt.host + ":" + std::to_string(opt.port);
  if (!c.first && !c.literal_only) {
    if (idx.empty()) {
      idx = "\x83\x86";
      for (u8 i = 0xc2 + !opt.header_name.empty(); i >= 0xbe; i--) idx += char(i);  // the dynamic table, oldest first
    }
    return idx;
  }
  lit.clear();
  if (c.first && c.peer_table < 4096) {  // acknowledge a smaller table
    uint32_t v = c.literal_only ? 0 : c.peer_table;
    if (v < 31) lit += char(0x20 | v);
    else lit += char(0x3f), varint(lit, v - 31);
  }
  u8 inc = c.literal_only ? 0x00 : 0x40;
  auto name = [&](unsigned i) {  // literal with an indexed (static) name
    unsigned max = c.literal_only ? 15 : 63;
    if (i < max) lit += char(inc | i);
    else lit += char(inc | max), varint(lit, i - max);
  };
  lit += "\x83\x86";
  name(4), hstr(lit, opt.path);
  name(1), hstr(lit, authority);
  name(31), hstr(lit, "application/grpc");
  lit += char(inc), hstr(lit, "te"), hstr(lit, "trailers");
  name(58), hstr(lit, "grpc-loadgen/1.0");
  if (!opt.header_name.empty()) lit += char(inc), hstr(lit, opt.header_name), hstr(lit, opt.header_value);
  c.first = false;
  return lit;
}

// `due`: when the call should have been sent; its latency counts from there. 0: now.
static bool send_request(Conn& c, int si, uint64_t due = 0) {
  static string body;
  Slot& s = c.slots[si];
  long id = 0;
  body.clear();
  if (opt.op == "retrieve" || opt.op == "destroy") {
    id = next_id(), vint(body, 1, id);
  } else if (opt.op == "partial" || opt.op == "update") {
    id = next_id(), vint(body, 1, id), body += g_bodies[g_rng() & 255];
  } else if (opt.op == "create") {
    body = g_bodies[g_rng() & 255];
  } else if (opt.op == "list") {
    if (opt.some || opt.filter.find("{}") != string::npos) id = next_id();
    if (!opt.filter.empty()) bytes(body, 1, filter_with(id));
    if (opt.page_size) vint(body, opt.page_size_field, opt.page_size);
    if (opt.some) vint(body, 2, id), vint(body, 3, 1);  // id_from and published_only of proto/bench.proto
  } else if (opt.op == "stream") {
    static string wanted;
    if (wanted.empty())
      for (int i = 0; i < opt.page_size; i++) bytes(wanted, 2, wrap_i(100));  // response_parameters { size: 100 }
    body = wanted;
  }
  uint32_t dlen = 5 + body.size();
  if (c.send_win < int64_t(dlen)) {
    c.blocked.emplace_back(si, due);
    return false;
  }
  c.send_win -= dlen;
  s = Slot();
  s.sid = c.next_sid, c.next_sid += 2;
  s.id = id;
  const string& hb = header_block(c);
  frame(c.out, hb.size(), 1, 4, s.sid);
  c.out += hb;
  frame(c.out, dlen, 0, 1, s.sid);
  c.out += '\0';
  be32(c.out, body.size());
  c.out += body;
  s.t0 = due ? due : now_ns();
  issued++;
  return true;
}

static bool more() { return issued < opt.n && now_ns() < t_deadline; }

// An open loop's clients have machines of their own. This one shares its cores with what it measures, and its waits for
// one would count as the server's: it asks for short slices of 0.1 ms, which the scheduler of Linux 6.12 and later turns
// into earlier ones (older kernels take the wish and do nothing), and for timers that are not put off by 50 us.
static void ask_for_prompt_scheduling() {
  struct {  // sched_setattr(2), as its version 0 has it
    uint32_t size = 48, policy = 0;
    uint64_t flags = 0;
    int32_t nice = 0;
    uint32_t priority = 0;
    uint64_t runtime = 100'000, deadline = 0, period = 0;
  } attributes;
  if (syscall(SYS_sched_setattr, 0, &attributes, 0) != 0) perror("sched_setattr");
  prctl(PR_SET_TIMERSLACK, 1);
}

// Nor may it take from the server what machines of their own would not: an open loop that wakes for every call and every
// answer takes two thirds of a core at 100,000 calls a second. It looks at its sockets every 50 us at most; how much
// longer a call seems to take by that is counted as the server's.
static void wait_to_look() {
  static const uint64_t pause = 50'000;
  static uint64_t looked;
  uint64_t t = now_ns();
  if (t < looked + pause) {
    timespec rest{0, long(looked + pause - t)};
    nanosleep(&rest, nullptr);
    t = now_ns();
  }
  looked = t;
}

// With --rate: call k is due k / rate seconds after the start, whether or not earlier ones were answered.
static std::deque<std::pair<Conn*, int>> idle_slots;
static long due_calls;
static uint64_t due_at(long k) { return t_start + uint64_t(k * 1e9 / opt.rate); }

// The id that a message begins with, as field 1; 0: it does not.
static uint64_t id_of(const Slot& s) {
  uint64_t v = 0;
  if (s.head_len < 2 || s.head[0] != 0x08) return 0;
  for (int i = 1, sh = 0; i < s.head_len && sh < 64; i++, sh += 7) {
    v |= uint64_t(s.head[i] & 0x7f) << sh;
    if (!(s.head[i] & 0x80)) return v;
  }
  return 0;
}

static void finish(Conn& c, Slot& s, const char* why) {
  uint64_t t = now_ns();
  t_last = t;
  completed++;
  lat.push_back(uint32_t(std::min<uint64_t>((t - s.t0) / 100, UINT32_MAX)));
  messages += s.msgs;
  if (why) fail(why);
  else if (!s.http_ok) fail("http-status");
  else if (s.grpc_status != 0) fail("grpc-status-" + std::to_string(s.grpc_status));
  else if (s.in_msg || s.hdr_len) fail("truncated-message");
  else if (opt.check) {
    if (opt.op == "list" || opt.op == "stream") {
      if (opt.page_size && s.msgs != opt.page_size) fail("list-count");
      else if (s.descends) fail("list-order");
    } else if (s.msgs != 1) {
      fail("message-count");
    } else if (opt.op == "retrieve" || opt.op == "partial" || opt.op == "update" || opt.op == "create") {
      uint64_t v = id_of(s);
      if (v == 0 || (opt.op != "create" && v != uint64_t(s.id))) fail("wrong-id");
    }
  }
  s.sid = 0;
  if (opt.rate) idle_slots.emplace_back(&c, &s - &c.slots[0]);
  else if (more()) send_request(c, &s - &c.slots[0]);
}

static Slot* find(Conn& c, uint32_t sid) {
  for (auto& s : c.slots)
    if (s.sid == sid) return &s;
  return nullptr;
}

static void on_data(Slot& s, const u8* p, size_t n) {
  while (n) {
    if (!s.in_msg) {
      while (n && s.hdr_len < 5) s.hdr[s.hdr_len++] = *p++, n--;
      if (s.hdr_len < 5) return;
      s.left = uint32_t(s.hdr[1]) << 24 | s.hdr[2] << 16 | s.hdr[3] << 8 | s.hdr[4];
      s.hdr_len = 0, s.in_msg = true, s.head_len = 0;
      if (s.left == 0) s.in_msg = false, s.msgs++;
      continue;
    }
    size_t k = std::min<size_t>(n, s.left);
    if (s.head_len < 16) {
      size_t h = std::min<size_t>(k, 16 - s.head_len);
      memcpy(s.head + s.head_len, p, h), s.head_len += h;
    }
    p += k, n -= k, s.left -= k;
    if (s.left) return;
    s.in_msg = false;
    if (opt.op == "list") {
      long id = id_of(s), least = s.msgs ? s.last_id + 1 : std::max(s.id, 1l);
      s.descends |= id < least;
      s.last_id = id;
    }
    s.msgs++;
  }
}

static bool on_headers(Conn& c) {
  Slot* s = find(c, c.hb_sid);
  const u8* p = reinterpret_cast<const u8*>(c.hb.data());
  size_t n = c.hb.size();
  for (;;) {
    nghttp2_nv nv;
    int fl = 0;
    ssize_t k = nghttp2_hd_inflate_hd2(c.inf, &nv, &fl, p, n, 1);
    if (k < 0) return false;
    p += k, n -= k;
    if (fl & NGHTTP2_HD_INFLATE_EMIT) {
      if (s) {
        if (nv.namelen == 7 && !memcmp(nv.name, ":status", 7))
          s->http_ok = nv.valuelen == 3 && !memcmp(nv.value, "200", 3);
        else if (nv.namelen == 11 && !memcmp(nv.name, "grpc-status", 11))
          s->grpc_status = atoi(string(reinterpret_cast<char*>(nv.value), nv.valuelen).c_str());
      }
    }
    if (fl & NGHTTP2_HD_INFLATE_FINAL) {
      nghttp2_hd_inflate_end_headers(c.inf);
      break;
    }
    if (!(fl & NGHTTP2_HD_INFLATE_EMIT) && n == 0) break;
  }
  if (s && c.hb_end_stream) finish(c, *s, nullptr);
  return true;
}

static void kill_conn(Conn& c, const char* why) {
  if (c.dead) return;
  c.dead = true;
  alive--;
  if (!c.got_settings) waited_for--;
  for (auto& s : c.slots)
    if (s.sid) s.sid = 0, fail(string("conn: ") + why);
  epoll_ctl(ep, EPOLL_CTL_DEL, c.fd, nullptr);
  close(c.fd);
}

static void start_streams(Conn& c) {
  if (!c.active) return;
  for (int i = 0; i < opt.streams && more(); i++)
    if (opt.rate) idle_slots.emplace_back(&c, i);
    else send_request(c, i);
}

static bool parse(Conn& c) {
  size_t pos = 0;
  while (g_in_len - pos >= 9) {
    const u8* f = &g_in[pos];
    uint32_t len = uint32_t(f[0]) << 16 | f[1] << 8 | f[2];
    if (g_in_len - pos < 9 + len) break;
    u8 type = f[3], flags = f[4];
    uint32_t sid = (uint32_t(f[5]) << 24 | f[6] << 16 | f[7] << 8 | f[8]) & 0x7fffffff;
    const u8* p = f + 9;
    uint32_t n = len;
    switch (type) {
      case 0: {  // DATA
        c.consumed += len;
        rx_bytes += len;
        if (flags & 8) {
          u8 pad = p[0];
          p++, n -= 1 + pad;
        }
        if (Slot* s = find(c, sid)) {
          on_data(*s, p, n);
          if (flags & 1) finish(c, *s, "no-trailers");
        }
        if (c.consumed > (1u << 28)) {
          frame(c.out, 4, 8, 0, 0);
          be32(c.out, uint32_t(c.consumed));
          c.consumed = 0;
        }
        break;
      }
      case 1:  // HEADERS
        if (flags & 8) {
          u8 pad = p[0];
          p++, n -= 1 + pad;
        }
        if (flags & 0x20) p += 5, n -= 5;
        c.hb.assign(reinterpret_cast<const char*>(p), n);
        c.hb_sid = sid, c.hb_end_stream = flags & 1;
        if ((flags & 4) && !on_headers(c)) return false;
        break;
      case 9:  // CONTINUATION
        c.hb.append(reinterpret_cast<const char*>(p), n);
        if ((flags & 4) && !on_headers(c)) return false;
        break;
      case 3:  // RST_STREAM
        if (Slot* s = find(c, sid)) finish(c, *s, "rst-stream");
        break;
      case 4:  // SETTINGS
        if (flags & 1) break;
        for (uint32_t i = 0; i + 6 <= n; i += 6) {
          int k = p[i] << 8 | p[i + 1];
          uint32_t v = uint32_t(p[i + 2]) << 24 | p[i + 3] << 16 | p[i + 4] << 8 | p[i + 5];
          if (k == 1) c.peer_table = v, c.literal_only = v < 512;
          if (k == 3 && v < uint32_t(opt.streams)) {
            fprintf(stderr, "peer allows only %u streams\n", v);
            exit(2);
          }
          if (k == 4) c.peer_init_win = v;
        }
        frame(c.out, 0, 4, 1, 0);
        if (!c.got_settings) c.got_settings = true, waited_for--;
        break;
      case 6:  // PING
        if (!(flags & 1)) frame(c.out, 8, 6, 1, 0), c.out.append(reinterpret_cast<const char*>(p), 8);
        break;
      case 7:
        fprintf(stderr, "GOAWAY code %u\n", uint32_t(p[4]) << 24 | p[5] << 16 | p[6] << 8 | p[7]);
        return false;
      case 8:  // WINDOW_UPDATE
        if (sid == 0) {
          c.send_win += (uint32_t(p[0]) << 24 | p[1] << 16 | p[2] << 8 | p[3]) & 0x7fffffff;
          if (!c.blocked.empty()) {
            vector<std::pair<int, uint64_t>> b;
            b.swap(c.blocked);
            for (auto [si, due] : b)
              if (due || more()) send_request(c, si, due);
          }
        }
        break;
    }
    pos += 9 + len;
  }
  if (pos) memmove(&g_in[0], &g_in[pos], g_in_len - pos), g_in_len -= pos;
  return true;
}

// As read(2) and write(2): -1 with EAGAIN when there is nothing to be had.
static ssize_t tls_result(Conn& c, int k) {
  if (k > 0) return k;
  int e = SSL_get_error(c.ssl, k);
  if (e == SSL_ERROR_ZERO_RETURN) return 0;
  errno = e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE ? EAGAIN : EIO;
  return -1;
}
static ssize_t get(Conn& c, void* p, size_t n) { return c.ssl ? tls_result(c, SSL_read(c.ssl, p, n)) : read(c.fd, p, n); }
static ssize_t put(Conn& c, const void* p, size_t n) { return c.ssl ? tls_result(c, SSL_write(c.ssl, p, n)) : write(c.fd, p, n); }

// The certificate is not verified: this measures, and only on loopback.
static void secure(Conn& c) {
  static SSL_CTX* ctx = SSL_CTX_new(TLS_client_method());
  static const u8 alpn[] = {2, 'h', '2'};
  SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  c.ssl = SSL_new(ctx);
  SSL_set_alpn_protos(c.ssl, alpn, sizeof alpn);
  SSL_set_fd(c.ssl, c.fd);
  if (SSL_connect(c.ssl) != 1) { fprintf(stderr, "TLS handshake failed\n"); exit(2); }
}

static bool flush(Conn& c) {
  while (c.out_pos < c.out.size()) {
    ssize_t k = put(c, c.out.data() + c.out_pos, c.out.size() - c.out_pos);
    if (k < 0) {
      if (errno == EAGAIN) break;
      return false;
    }
    c.out_pos += k;
  }
  bool pending = c.out_pos < c.out.size();
  if (!pending) c.out.clear(), c.out_pos = 0;
  if (pending != c.want_write) {
    epoll_event ev{};
    ev.events = EPOLLIN | (pending ? EPOLLOUT : 0u);
    ev.data.u32 = &c - &conns[0];
    epoll_ctl(ep, EPOLL_CTL_MOD, c.fd, &ev);
    c.want_write = pending;
  }
  return true;
}

static double processor_seconds() {
  rusage ru;
  getrusage(RUSAGE_SELF, &ru);
  return ru.ru_utime.tv_sec + ru.ru_stime.tv_sec + (ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6;
}

static bool on_readable(Conn& c) {
  g_in_len = c.rest.size();
  std::copy(c.rest.begin(), c.rest.end(), g_in.begin());
  bool going_on = true;
  for (;;) {
    if (g_in.size() - g_in_len < (1 << 16)) g_in.resize(g_in.size() + (1 << 18));
    size_t room = g_in.size() - g_in_len;
    ssize_t k = get(c, &g_in[g_in_len], room);
    going_on = k > 0 || (k < 0 && errno == EAGAIN);
    if (k <= 0) break;
    g_in_len += k;
    going_on = parse(c);
    if (!going_on || (!c.ssl && size_t(k) < room)) break;
  }
  c.rest.assign(g_in.begin(), g_in.begin() + g_in_len);
  return going_on;
}

int main(int argc, char** argv) {
  for (int i = 1; i + 1 < argc; i += 2) {
    string k = argv[i], v = argv[i + 1];
    if (k == "--host") opt.host = v;
    else if (k == "--port") opt.port = stoi(v);
    else if (k == "--op") opt.op = v;
    else if (k == "--path") opt.path = v;
    else if (k == "--conns") opt.conns = stoi(v);
    else if (k == "--idle") opt.idle = stoi(v);
    else if (k == "--some") opt.some = stoi(v);
    else if (k == "--streams") opt.streams = stoi(v);
    else if (k == "--n") opt.n = stol(v);
    else if (k == "--lo") opt.lo = stol(v);
    else if (k == "--hi") opt.hi = stol(v);
    else if (k == "--fixed-id") opt.fixed_id = stol(v);
    else if (k == "--page-size") opt.page_size = stoi(v);
    else if (k == "--page-size-field") opt.page_size_field = stoi(v);
    else if (k == "--max-time") opt.max_time = stod(v);
    else if (k == "--grace") opt.grace = stod(v);
    else if (k == "--rate") opt.rate = stod(v);
    else if (k == "--filter") opt.filter = v;
    else if (k == "--header") opt.header_name = v.substr(0, v.find(':')), opt.header_value = v.substr(v.find(':') + 1);
    else if (k == "--seed") opt.seed = stoul(v);
    else if (k == "--check") opt.check = stoi(v);
    else if (k == "--tls") opt.tls = stoi(v);
    else { fprintf(stderr, "unknown option %s\n", k.c_str()); return 2; }
  }
  if (!opt.port) {
    fprintf(stderr,
            "usage: loadgen --port P --op retrieve|create|update|partial|destroy|list|echo|stream --conns C --streams S --n N\n"
            "  [--max-time SEC] [--grace SEC] [--lo ID --hi ID | --fixed-id ID] [--page-size K] [--path /pkg.Svc/M] [--seed X] [--check 0|1] [--tls 0|1]\n"
            "  [--rate CALLS_A_SECOND] [--filter TEXT, {} is the key of a call] [--some 1: the peers' filter] [--header NAME:VALUE]\n"
            "  [--idle N: so many more connections, which have no calls]\n"
            "  echo and stream call grpc.testing.TestService: EmptyCall, and StreamingOutputCall with --page-size messages of 100 bytes\n");
    return 2;
  }
  if (strncmp(opt.host.c_str(), "127.", 4)) { fprintf(stderr, "loopback only\n"); return 2; }
  static const std::map<string, string> paths = {{"retrieve", "Retrieve"}, {"create", "Create"},   {"update", "Update"},
                                                 {"partial", "PartialUpdate"}, {"list", "List"}, {"destroy", "Destroy"},
                                                 {"echo", "EmptyCall"}, {"stream", "StreamingOutputCall"}};
  if (!paths.count(opt.op)) { fprintf(stderr, "unknown op %s\n", opt.op.c_str()); return 2; }
  bool is_test = opt.op == "echo" || opt.op == "stream";
  if (opt.path.empty()) opt.path = (is_test ? "/grpc.testing.TestService/" : "/bench.PostController/") + paths.at(opt.op);
  g_rng.seed(opt.seed);
  build_bodies();
  lat.reserve(opt.n + 1024);
  ep = epoll_create1(0);
  conns.resize(opt.conns + opt.idle);
  alive = waited_for = conns.size();
  for (int i = 0; i < opt.conns + opt.idle; i++) {
    Conn& c = conns[i];
    c.fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in a{};
    a.sin_family = AF_INET, a.sin_port = htons(opt.port);
    inet_pton(AF_INET, opt.host.c_str(), &a.sin_addr);
    if (connect(c.fd, reinterpret_cast<sockaddr*>(&a), sizeof a)) { perror("connect"); return 2; }
    int one = 1;
    setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (opt.tls) secure(c);
    fcntl(c.fd, F_SETFL, O_NONBLOCK);
    c.active = i < opt.conns;
    if (c.active) c.slots.resize(opt.streams);
    nghttp2_hd_inflate_new(&c.inf);
    c.out = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    frame(c.out, 12, 4, 0, 0);
    c.out += string("\0\x02\0\0\0\0", 6);           // ENABLE_PUSH 0
    c.out += string("\0\x04\x3f\xff\xff\xff", 6);   // INITIAL_WINDOW_SIZE 2^30-1 (as h2load)
    frame(c.out, 4, 8, 0, 0);
    be32(c.out, (1u << 30) - 1 - 65535);
    epoll_event ev{};
    ev.events = EPOLLIN, ev.data.u32 = i;
    epoll_ctl(ep, EPOLL_CTL_ADD, c.fd, &ev);
  }
  if (opt.rate) ask_for_prompt_scheduling();
  t_start = now_ns();
  t_last = t_start;
  t_deadline = t_start + 30'000'000'000;
  for (auto& c : conns)
    if (!flush(c)) kill_conn(c, "write");
  vector<epoll_event> evs(256);
  double cpu_before = 0;
  bool under_way = false;  // the clock starts once every connection is there
  for (;;) {
    long outstanding = issued - completed;
    if (!alive) break;
    bool started = !waited_for;
    uint64_t t = now_ns();
    if (outstanding <= 0 && ((started && issued > 0 && !opt.rate) || t > t_deadline)) break;
    if (t > t_deadline + uint64_t(opt.grace * 1e9)) { unfinished = outstanding; break; }
    timespec wait{0, 200'000'000};
    if (started && !under_way) {
      under_way = true, cpu_before = processor_seconds(), t_start = t_last = t, t_deadline = t + uint64_t(opt.max_time * 1e9);
      for (auto& c : conns) {
        if (c.dead) continue;
        start_streams(c);
        if (!flush(c)) kill_conn(c, "write");
      }
    }
    if (opt.rate && started) {
      vector<Conn*> touched;
      for (t = now_ns(); !idle_slots.empty() && due_at(due_calls) <= t && due_at(due_calls) < t_deadline && issued < opt.n; due_calls++) {
        auto [c, si] = idle_slots.front();
        idle_slots.pop_front();
        if (c->dead) { due_calls--; continue; }
        send_request(*c, si, due_at(due_calls));
        touched.push_back(c);
      }
      for (Conn* c : touched)
        if (!c->dead && !flush(*c)) kill_conn(*c, "write");
      wait_to_look();
      uint64_t next = due_at(due_calls);
      t = now_ns();
      if (!idle_slots.empty() && next < t_deadline) wait.tv_nsec = next > t ? std::min<uint64_t>(next - t, 200'000'000) : 0;
      if (next >= t_deadline && issued == completed) break;
    }
    int k = epoll_pwait2(ep, evs.data(), evs.size(), &wait, nullptr);
    for (int i = 0; i < k; i++) {
      Conn& c = conns[evs[i].data.u32];
      if (c.dead) continue;
      if ((evs[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && !on_readable(c)) { kill_conn(c, "closed"); continue; }
      if (!flush(c)) kill_conn(c, "write");
    }
  }
  double cpu = processor_seconds() - cpu_before;
  double el = (t_last - t_start) / 1e9;
  std::sort(lat.begin(), lat.end());
  auto pc = [&](double q) { return lat.empty() ? 0.0 : lat[std::min(lat.size() - 1, size_t(q * lat.size()))] / 10.0; };
  double sum = 0;
  for (auto x : lat) sum += x;
  printf("reqs=%ld elapsed=%.3f rps=%.1f mean_us=%.1f p50_us=%.1f p99_us=%.1f p999_us=%.1f max_us=%.1f errors=%ld unfinished=%ld msgs=%ld mib=%.1f gen_cpu=%.3f\n",
         completed, el, el > 0 ? completed / el : 0, lat.empty() ? 0 : sum / lat.size() / 10, pc(.5), pc(.99), pc(.999),
         lat.empty() ? 0 : lat.back() / 10.0, errors, unfinished, messages, rx_bytes / 1048576.0, cpu);
  for (auto& e : err_kinds) fprintf(stderr, "error %s: %ld\n", e.first.c_str(), e.second);
  return errors || unfinished ? 1 : 0;
}
