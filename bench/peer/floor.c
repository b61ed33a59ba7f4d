/* The least that a download costs: pages and their images by plain sockets, written to files.

   floor PORT PATH PAGES THREADS FOLDER: each thread takes the next page, keeps one connection for it
   and its images, and fetches these one after another. Nothing is judged, hashed, synced or zipped. */

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int port, pages;
static const char *path, *folder;
static atomic_int next_page;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* Fetch PATH + name into the buffer; return where the body begins, and its length. */
static char *fetch(int connection, const char *name, char *buffer, size_t size, size_t *length)
{
    char request[512];
    int n = snprintf(request, sizeof request, "GET %s%s HTTP/1.1\r\nHost: a\r\n\r\n", path, name);
    if (write(connection, request, n) != n)
        die("write");
    size_t have = 0, need = 0;
    char *body = NULL;
    while (!body || have < need) {
        ssize_t got = read(connection, buffer + have, size - have - 1);
        if (got <= 0)
            die("read");
        have += got;
        buffer[have] = 0;
        if (!body && (body = strstr(buffer, "\r\n\r\n"))) {
            body += 4;
            *length = strtoul(strstr(buffer, "Content-Length: ") + 16, NULL, 10);
            need = body - buffer + *length;
        }
    }
    return body;
}

static void save(int page, const char *name, const char *body, size_t length)
{
    char file[512];
    snprintf(file, sizeof file, "%s/%d-%s", folder, page, name);
    int target = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (target < 0 || write(target, body, length) != (ssize_t)length)
        die(file);
    close(target);
}

static void *work(void *unused)
{
    size_t size = 1 << 20, length;
    char *html = malloc(size), *image = malloc(size);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int page; (page = next_page++) < pages;) {
        int connection = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(connection, (struct sockaddr *)&address, sizeof address))
            die("connect");
        char *at = fetch(connection, "", html, size, &length);
        while ((at = strstr(at, "<img src=\""))) {
            char *name = at += 10;
            at = strchr(at, '"');
            *at++ = 0;
            char *body = fetch(connection, name, image, size, &length);
            save(page, name, body, length);
        }
        close(connection);
    }
    free(html);
    free(image);
    return unused;
}

int main(int count, char **arguments)
{
    if (count != 6)
        return 2;
    port = atoi(arguments[1]), path = arguments[2], pages = atoi(arguments[3]);
    int threads = atoi(arguments[4]);
    folder = arguments[5];
    pthread_t *pool = calloc(threads, sizeof *pool);
    for (int n = 0; n < threads; n++)
        if (pthread_create(pool + n, NULL, work, NULL))
            die("thread");
    for (int n = 0; n < threads; n++)
        pthread_join(pool[n], NULL);
    return 0;
}
