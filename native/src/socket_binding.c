/* Sockets with options that Node cannot set; see src/transport/socket/own-socket.ts. Linux only: elsewhere -1 (EPERM's
   number, which nobody sees: TypeScript asks for the platform first). */
#ifdef __linux__
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#endif

#include "binding.h"

#ifdef __linux__

/* Of the kernel's headers, which clash with libc's. */
#define TSRAY_SO_ORIGINAL_DST 80
#define TSRAY_IPV6_RECVORIGDSTADDR 74
#define TSRAY_IPV6_TRANSPARENT 75
#define TSRAY_IP_RECVORIGDSTADDR 20
#define TSRAY_IP_TRANSPARENT 19

enum socket_flag { FLAG_DATAGRAM = 1, FLAG_BIND = 2, FLAG_TRANSPARENT = 4, FLAG_ORIGINAL = 8, FLAG_DUAL = 16, FLAG_REUSE = 32, FLAG_REUSE_PORT = 64 };

/* Layout of what `receive` tells: families (4, 6 or 0), addresses, ports in network order. */
enum { FROM_FAMILY = 0, TO_FAMILY = 1, FROM_ADDRESS = 2, TO_ADDRESS = 18, FROM_PORT = 34, TO_PORT = 36, TOLD_BYTES = 38 };

typedef union {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
  struct sockaddr_storage room;
} address;

/* Zero if the address has neither 4 nor 16 bytes. */
static socklen_t address_make(address *out, span host, uint32_t port) {
  memset(out, 0, sizeof *out);
  if (host.bytes == 4) {
    out->v4.sin_family = AF_INET;
    out->v4.sin_port = htons((uint16_t)port);
    memcpy(&out->v4.sin_addr, host.at, 4);
    return sizeof out->v4;
  }
  if (host.bytes != 16) return 0;
  out->v6.sin6_family = AF_INET6;
  out->v6.sin6_port = htons((uint16_t)port);
  memcpy(&out->v6.sin6_addr, host.at, 16);
  return sizeof out->v6;
}

/* Writes the host (16 bytes of room) and the port; returns 4, 6 or 0. IPv4 on a dual-stack socket is IPv4. */
static uint8_t address_tell(const address *from, uint8_t *host, uint8_t *port) {
  if (from->any.sa_family == AF_INET) {
    memcpy(host, &from->v4.sin_addr, 4);
    memcpy(port, &from->v4.sin_port, 2);
    return 4;
  }
  if (from->any.sa_family != AF_INET6) return 0;
  memcpy(port, &from->v6.sin6_port, 2);
  if (IN6_IS_ADDR_V4MAPPED(&from->v6.sin6_addr)) {
    memcpy(host, from->v6.sin6_addr.s6_addr + 12, 4);
    return 4;
  }
  memcpy(host, &from->v6.sin6_addr, 16);
  return 6;
}

static bool set_on(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

static bool socket_prepare(int fd, bool v6, uint32_t flags, uint32_t mark) {
  const bool dual = v6 && (flags & FLAG_DUAL) != 0;
  if (v6 && (flags & FLAG_BIND) != 0 && !set_on(fd, IPPROTO_IPV6, IPV6_V6ONLY, dual ? 0 : 1)) return false;
  if ((flags & FLAG_REUSE) != 0 && !set_on(fd, SOL_SOCKET, SO_REUSEADDR, 1)) return false;
  if ((flags & FLAG_REUSE_PORT) != 0 && !set_on(fd, SOL_SOCKET, SO_REUSEPORT, 1)) return false;
  if (mark != 0 && setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark) != 0) return false;
  if ((flags & FLAG_TRANSPARENT) != 0) {
    if (v6 && !set_on(fd, IPPROTO_IPV6, TSRAY_IPV6_TRANSPARENT, 1)) return false;
    if ((!v6 || dual) && !set_on(fd, IPPROTO_IP, TSRAY_IP_TRANSPARENT, 1)) return false;
  }
  if ((flags & FLAG_ORIGINAL) != 0) {
    if (v6 && !set_on(fd, IPPROTO_IPV6, TSRAY_IPV6_RECVORIGDSTADDR, 1)) return false;
    if ((!v6 || dual) && !set_on(fd, IPPROTO_IP, TSRAY_IP_RECVORIGDSTADDR, 1)) return false;
  }
  return true;
}

/* A descriptor, or a negative errno. */
static int socket_open(span host, uint32_t port, uint32_t mark, uint32_t flags) {
  address at;
  const socklen_t bytes = address_make(&at, host, port);
  if (bytes == 0) return -EINVAL;
  const int type = ((flags & FLAG_DATAGRAM) != 0 ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const int fd = socket(at.any.sa_family, type, 0);
  if (fd < 0) return -errno;
  if (socket_prepare(fd, host.bytes == 16, flags, mark) && ((flags & FLAG_BIND) == 0 || bind(fd, &at.any, bytes) == 0)) return fd;
  const int failed = errno;
  close(fd);
  return -failed;
}

static int original_destination(int fd, uint8_t *out) {
  address local, found;
  socklen_t bytes = sizeof local;
  if (getsockname(fd, &local.any, &bytes) != 0) return -errno;
  const bool v4 = local.any.sa_family == AF_INET ||
                  (local.any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&local.v6.sin6_addr));
  memset(&found, 0, sizeof found);
  bytes = v4 ? sizeof found.v4 : sizeof found.v6;
  if (getsockopt(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, TSRAY_SO_ORIGINAL_DST, &found, &bytes) != 0) return -errno;
  return address_tell(&found, out, out + 16);
}

static int64_t receive_one(int fd, span into, uint8_t *told) {
  address from, to;
  union {
    struct cmsghdr head;
    uint8_t room[CMSG_SPACE(sizeof(struct sockaddr_in6)) + CMSG_SPACE(sizeof(struct sockaddr_in))];
  } control;
  struct iovec part = {.iov_base = into.at, .iov_len = into.bytes};
  struct msghdr message = {.msg_name = &from,
                           .msg_namelen = sizeof from,
                           .msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof control};
  const ssize_t bytes = recvmsg(fd, &message, MSG_DONTWAIT);
  if (bytes < 0) return -errno;
  memset(told, 0, TOLD_BYTES);
  told[FROM_FAMILY] = address_tell(&from, told + FROM_ADDRESS, told + FROM_PORT);
  for (struct cmsghdr *each = CMSG_FIRSTHDR(&message); each != NULL; each = CMSG_NXTHDR(&message, each)) {
    const bool v4 = each->cmsg_level == IPPROTO_IP && each->cmsg_type == TSRAY_IP_RECVORIGDSTADDR;
    const bool v6 = each->cmsg_level == IPPROTO_IPV6 && each->cmsg_type == TSRAY_IPV6_RECVORIGDSTADDR;
    const size_t wanted = v4 ? sizeof to.v4 : sizeof to.v6;
    if ((!v4 && !v6) || each->cmsg_len < CMSG_LEN(wanted)) continue;
    memset(&to, 0, sizeof to);
    memcpy(&to, CMSG_DATA(each), wanted);
    told[TO_FAMILY] = address_tell(&to, told + TO_ADDRESS, told + TO_PORT);
  }
  return bytes;
}

#endif

/* openSocket(address, port, mark, flags): a descriptor, or a negative errno */
static napi_value open_socket(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  span host;
  uint32_t port, mark, flags;
  if (read_arguments(env, info, 4, arguments) == NULL || !read_span(env, arguments[0], &host) ||
      !read_u32(env, arguments[1], &port) || !read_u32(env, arguments[2], &mark) || !read_u32(env, arguments[3], &flags)) {
    return NULL;
  }
#ifdef __linux__
  return make_number(env, socket_open(host, port, mark, flags));
#else
  return make_number(env, -1);
#endif
}

/* originalDestination(fd, out): 4 or 6, `out` (18 bytes) holds the address and the port; or a negative errno */
static napi_value original(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  uint32_t fd;
  uint8_t *out;
  if (read_arguments(env, info, 2, arguments) == NULL || !read_u32(env, arguments[0], &fd) ||
      !read_exact(env, arguments[1], 18, &out)) {
    return NULL;
  }
#ifdef __linux__
  if (fd <= INT32_MAX) return make_number(env, original_destination((int)fd, out));
#endif
  return make_number(env, -1);
}

/* localPort(fd): the port that a socket is bound to, or a negative errno */
static napi_value local_port(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  uint32_t fd;
  if (read_arguments(env, info, 1, arguments) == NULL || !read_u32(env, arguments[0], &fd)) return NULL;
#ifdef __linux__
  address local;
  uint8_t host[16], port[2];
  socklen_t bytes = sizeof local;
  if (fd > INT32_MAX) return make_number(env, -EBADF);
  if (getsockname((int)fd, &local.any, &bytes) != 0) return make_number(env, -errno);
  if (address_tell(&local, host, port) == 0) return make_number(env, -EAFNOSUPPORT);
  return make_number(env, port[0] << 8 | port[1]);
#else
  return make_number(env, -1);
#endif
}

/* receive(fd, into, told): bytes of one datagram, or a negative errno */
static napi_value receive(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  uint32_t fd;
  span into;
  uint8_t *told;
  if (read_arguments(env, info, 3, arguments) == NULL || !read_u32(env, arguments[0], &fd) ||
      !read_span(env, arguments[1], &into) || !read_exact(env, arguments[2], 38, &told)) {
    return NULL;
  }
#ifdef __linux__
  if (fd <= INT32_MAX) return make_number(env, receive_one((int)fd, into, told));
#endif
  return make_number(env, -1);
}

/* sendTo(fd, bytes, address, port): bytes sent, or a negative errno */
static napi_value send_to(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  uint32_t fd, port;
  span bytes, host;
  if (read_arguments(env, info, 4, arguments) == NULL || !read_u32(env, arguments[0], &fd) ||
      !read_span(env, arguments[1], &bytes) || !read_span(env, arguments[2], &host) || !read_u32(env, arguments[3], &port)) {
    return NULL;
  }
#ifdef __linux__
  address to;
  const socklen_t length = address_make(&to, host, port);
  if (length == 0 || fd > INT32_MAX) return make_number(env, -EINVAL);
  const ssize_t sent = sendto((int)fd, bytes.at, bytes.bytes, MSG_DONTWAIT | MSG_NOSIGNAL, &to.any, length);
  return make_number(env, sent < 0 ? -errno : sent);
#else
  return make_number(env, -1);
#endif
}

bool export_sockets(napi_env env, napi_value exports, environment *own) {
  return export_function(env, exports, "openSocket", open_socket, own) &&
         export_function(env, exports, "originalDestination", original, own) &&
         export_function(env, exports, "localPort", local_port, own) &&
         export_function(env, exports, "receive", receive, own) && export_function(env, exports, "sendTo", send_to, own);
}
