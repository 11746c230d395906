/*
 * bench/corpus.c: the lines that measurements are made with.
 *
 *   corpus [--seed S] [--mix city|other] [--from K] N > FILE
 *
 * N mixed lines as a city's machines write them, the same for the same seed:
 * RFC 3164 messages of about 230 bytes, each ending in a line feed. Users and
 * addresses follow Zipf's law.
 *
 *   city    sshd, sudo, firewall connections, web access, Windows security
 *           events as JSON, operations on personal data with Chinese names
 *   other   auditd, PostgreSQL, DHCP, Cisco ASA, FortiGate, Apache, cron and
 *           applications' free text: nothing of it is in the first mix, so a
 *           figure for one can be checked against the other
 *
 * One line in 100,000 ends in a word of its own (" qx0077777zj"), one in
 * 20,000 in the word " mk5q7".
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define USERS 20000U
#define ADDRESSES 50000U
#define HOSTS 384U
#define TALE_MAX 24U /* words of an application's free text */

struct city {
	uint64_t state;
	uint64_t second; /* of a year that begins on 1 January */
	uint8_t address[ADDRESSES][3];
};

static const char *const agencies[] = { "songshan", "xinyi", "daan",
	"zhongshan", "wenshan", "beitou", "shilin", "neihu", "nangang",
	"wanhua", "datong", "zhongzheng" };
static const char *const kinds[] = { "web", "db", "file", "pc" };
static const char *const family[] = { "陳", "林", "黃", "張", "李", "王", "吳",
	"劉", "蔡", "楊", "許", "鄭", "謝", "郭", "洪", "曾" };
static const char *const given[] = { "怡", "君", "雅", "婷", "家", "豪", "志",
	"明", "淑", "芬", "俊", "傑", "美", "玲", "建", "宏", "佳", "穎", "宗",
	"翰" };
static const char *const purposes[] = { "戶籍謄本核發", "低收入戶審查",
	"健保資料比對", "地價稅查詢", "社會救助申請", "役男體檢通知",
	"學齡兒童名冊" };
static const char *const paths[] = { "/", "/login", "/api/v2/cases",
	"/api/v2/cases/%u", "/static/app.js", "/forms/%u/print",
	"/search?q=%%E7%%A8%%85", "/health", "/files/%u.pdf" };
static const char *const agents[] = {
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, "
	"like Gecko) Chrome/126.0.0.0 Safari/537.36",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) "
	"AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
	"curl/7.88.1", "Zabbix 6.0"
};
static const char *const commands[] = { "/usr/bin/systemctl restart nginx",
	"/usr/bin/apt-get update", "/usr/bin/cat /var/log/auth.log",
	"/usr/sbin/visudo", "/usr/bin/psql -d cases" };
static const char *const operations[] = { "read", "read", "read", "change",
	"create", "export", "print", "delete" };
static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
	"Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
static const unsigned windows_ids[] = { 4624, 4624, 4624, 4625, 4634, 4672,
	4688, 4720, 4740 };
static const unsigned statuses[] = { 200, 200, 200, 302, 404, 500 };
static const char *const words[] = { "case", "assigned", "to", "clerk", "queue",
	"retry", "upstream", "timeout", "after", "attempt", "record", "saved",
	"ledger", "page", "printed", "案件", "已", "移送", "承辦", "逾期",
	"通知", "繳款", "憑證", "更新" };

/* splitmix64: every seed gives a sequence of its own. */
static uint64_t
next(struct city *c)
{
	uint64_t z = c->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* A number from 0 to n - 1. */
static unsigned
any(struct city *c, unsigned n)
{
	return (unsigned)((next(c) >> 32) * n >> 32);
}

/* A number from 0 to n - 1, the first ones far more often. */
static unsigned
zipf(struct city *c, unsigned n)
{
	double u = (double)(next(c) >> 11) / 9007199254740992.0;
	double at = pow((double)n, u) - 1;

	return at < 0 ? 0 : at >= n ? n - 1 : (unsigned)at;
}

static const char *
pick(struct city *c, const char *const *list, size_t n)
{
	return list[any(c, (unsigned)n)];
}
#define PICK(c, list) pick((c), (list), COUNT(list))

/* An address into 16 bytes of `to`. */
static const char *
address(struct city *c, char to[static 16])
{
	const uint8_t *a = c->address[zipf(c, ADDRESSES)];

	(void)snprintf(to, 16, "10.%u.%u.%u", a[0], a[1], a[2]);
	return to;
}

/* The stamp, the host and, where asked, the program that speaks. */
static void
head(struct city *c, unsigned pri)
{
	unsigned h = zipf(c, HOSTS);
	uint64_t s;

	if (any(c, 20) == 0)
		c->second++;
	s = c->second;
	(void)printf("<%u>%s %2u %02u:%02u:%02u %s-%s%02u ", pri,
	    months[s / 2419200 % 12], (unsigned)(s / 86400 % 28 + 1),
	    (unsigned)(s / 3600 % 24), (unsigned)(s / 60 % 60),
	    (unsigned)(s % 60), agencies[h / 32 % COUNT(agencies)],
	    kinds[h / 8 % COUNT(kinds)], h % 8 + 1);
}

/* ---- the first mix ---- */

static void
sshd(struct city *c)
{
	char a[16];
	unsigned user = zipf(c, USERS), pid = 300 + any(c, 99000);
	unsigned how = any(c, 10);

	(void)address(c, a);
	head(c, 86);
	if (how < 3)
		(void)printf("sshd[%u]: Failed password for %su%05u from %s "
			     "port %u ssh2",
		    pid, any(c, 5) == 0 ? "invalid user " : "", user, a,
		    1024 + any(c, 64512));
	else if (how < 7)
		(void)printf("sshd[%u]: Accepted publickey for u%05u from %s "
			     "port %u ssh2: ED25519 SHA256:%016" PRIx64
			     "%016" PRIx64 "%011" PRIx64,
		    pid, user, a, 1024 + any(c, 64512), next(c), next(c),
		    next(c) >> 20);
	else
		(void)printf("sshd[%u]: pam_unix(sshd:session): session "
			     "closed for user u%05u",
		    pid, user);
}

static void
sudo(struct city *c)
{
	unsigned user = zipf(c, USERS);

	head(c, 85);
	(void)printf("sudo:    u%05u : TTY=pts/%u ; PWD=/home/u%05u ; "
		     "USER=root ; COMMAND=%s",
	    user, any(c, 9), user, PICK(c, commands));
}

static void
firewall(struct city *c)
{
	static const unsigned ports[] = { 22, 53, 80, 443, 3389 };
	static const unsigned lens[] = { 52, 60, 1500 };
	static const unsigned ttls[] = { 57, 63, 127 };
	char a[16], b[16];

	head(c, 4);
	(void)printf(
	    "kernel: [%7" PRIu64 ".%06u] FW-%s IN=eth0 OUT=eth1 "
	    "MAC=52:54:00:%02x:%02x:%02x:52:54:00:12:34:56:08:00 SRC=%s "
	    "DST=%s LEN=%u TOS=0x00 PREC=0x00 TTL=%u ID=%u DF PROTO=TCP "
	    "SPT=%u DPT=%u WINDOW=64240 RES=0x00 SYN URGP=0",
	    c->second, any(c, 1000000), any(c, 3) == 0 ? "DROP" : "ACCEPT",
	    any(c, 256), any(c, 256), any(c, 256), address(c, a), address(c, b),
	    lens[any(c, COUNT(lens))], ttls[any(c, COUNT(ttls))], any(c, 65536),
	    1024 + any(c, 64512), ports[any(c, COUNT(ports))]);
}

/* A request as nginx and Apache write it: combined log format. */
static void
web_line(struct city *c, const char *program)
{
	const char *path = PICK(c, paths);
	char a[16];

	(void)printf("%s: %s - ", program, address(c, a));
	if (any(c, 10) < 6)
		(void)printf("u%05u", zipf(c, USERS));
	else
		(void)putchar('-');
	(void)printf(" [%02u/Nov/2026:%02u:%02u:%02u +0800] \"%s ",
	    1 + any(c, 28), any(c, 24), any(c, 60), any(c, 60),
	    any(c, 4) == 0 ? "POST" : "GET");
	for (; *path != '\0'; path++)
		if (path[0] == '%' && path[1] == 'u') {
			(void)printf("%u", any(c, 100000));
			path++;
		} else if (path[0] != '%' || path[1] != '%') {
			(void)putchar(*path);
		}
	(void)printf(" HTTP/1.1\" %u %u \"-\" \"%s\"",
	    statuses[any(c, COUNT(statuses))], any(c, 90000), PICK(c, agents));
}

static void
web(struct city *c)
{
	head(c, 190);
	web_line(c, "nginx");
}

static void
windows(struct city *c)
{
	unsigned h = zipf(c, HOSTS);
	char a[16];

	head(c, 134);
	(void)printf(
	    "winlog: {\"EventID\":%u,\"Channel\":\"Security\","
	    "\"Provider\":\"Microsoft-Windows-Security-Auditing\","
	    "\"Computer\":\"%s-%s%02u.gov.taipei\",\"RecordNumber\":%" PRIu64
	    ",\"TargetUserName\":\"u%05u\",\"TargetDomainName\":\"TAIPEI\","
	    "\"TargetLogonId\":\"0x%06x\",\"IpAddress\":\"%s\","
	    "\"IpPort\":\"%u\",\"LogonType\":%u}",
	    windows_ids[any(c, COUNT(windows_ids))],
	    agencies[h / 32 % COUNT(agencies)], kinds[h / 8 % COUNT(kinds)],
	    h % 8 + 1, 100000000 + c->second * 7 + any(c, 7), zipf(c, USERS),
	    any(c, 1U << 24), address(c, a), 1024 + any(c, 64512),
	    (const unsigned[]){ 2, 3, 7, 10 }[any(c, 4)]);
}

static void
personal(struct city *c)
{
	static const unsigned counts[] = { 1, 1, 1, 1, 20, 300 };

	head(c, 110);
	(void)printf(
	    "cases: {\"beimen\":\"personal-data\",\"operation\":\"%s\","
	    "\"user\":\"u%05u\",\"name\":\"%s%s%s\",\"subject\":\"s%012" PRIx64
	    "\",\"count\":%u,\"purpose\":\"%s\"}",
	    PICK(c, operations), zipf(c, USERS), PICK(c, family),
	    PICK(c, given), PICK(c, given), next(c) >> 16,
	    counts[any(c, COUNT(counts))], PICK(c, purposes));
}

/* ---- the second mix ---- */

static void
auditd(struct city *c)
{
	char a[16];

	head(c, 86);
	(void)printf(
	    "auditd: type=USER_%s msg=audit(17900%05" PRIu64
	    ".%03u:%u): pid=%u uid=0 auid=%u ses=%u msg='op=PAM:%s "
	    "acct=\"u%05u\" exe=\"/usr/sbin/sshd\" hostname=%s addr=%s "
	    "terminal=ssh res=%s'",
	    any(c, 2) == 0 ? "AUTH" : "LOGIN", c->second % 100000, any(c, 1000),
	    any(c, 1U << 20), 300 + any(c, 99000), 1000 + zipf(c, 5000),
	    any(c, 90000), any(c, 2) == 0 ? "authentication" : "login",
	    zipf(c, USERS), address(c, a), a,
	    any(c, 5) == 0 ? "failed" : "success");
}

static void
postgres(struct city *c)
{
	char a[16];

	head(c, 134);
	(void)printf(
	    "postgres[%u]: [%u-1] u%05u@cases LOG:  connection authorized: "
	    "user=u%05u database=cases application_name=psql SSL enabled "
	    "(protocol=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384, bits=256) "
	    "host=%s duration: %u.%03u ms",
	    300 + any(c, 99000), any(c, 90), zipf(c, USERS), zipf(c, USERS),
	    address(c, a), any(c, 900), any(c, 1000));
}

static void
dhcp(struct city *c)
{
	char a[16];

	head(c, 30);
	(void)printf("dhcpd[%u]: DHCPACK on %s to 3c:52:82:%02x:%02x:%02x "
		     "(PC-%05u) via eth%u relay 10.0.%u.1 lease-duration 28800",
	    400 + any(c, 20), address(c, a), any(c, 256), any(c, 256),
	    any(c, 256), zipf(c, USERS), any(c, 4), any(c, 256));
}

static void
asa(struct city *c)
{
	char a[16], b[16];

	head(c, 166);
	(void)printf("%%ASA-6-302013: Built inbound TCP connection %u for "
		     "outside:%s/%u (%s/%u) to inside:%s/%u (%s/%u)",
	    any(c, 1U << 30), address(c, a), 1024 + any(c, 64512), a,
	    1024 + any(c, 64512), address(c, b), 443U, b, 443U);
}

static void
fortigate(struct city *c)
{
	char a[16], b[16];
	uint64_t s = c->second;

	head(c, 189);
	(void)printf(
	    "date=2026-11-%02u time=%02u:%02u:%02u devname=\"FG-%s\" "
	    "logid=\"0000000013\" type=\"traffic\" subtype=\"forward\" "
	    "level=\"notice\" srcip=%s srcport=%u dstip=%s dstport=443 "
	    "action=\"%s\" policyid=%u service=\"HTTPS\" sentbyte=%u "
	    "rcvdbyte=%u",
	    (unsigned)(s / 86400 % 28 + 1), (unsigned)(s / 3600 % 24),
	    (unsigned)(s / 60 % 60), (unsigned)(s % 60), PICK(c, agencies),
	    address(c, a), 1024 + any(c, 64512), address(c, b),
	    any(c, 4) == 0 ? "deny" : "close", any(c, 60), any(c, 90000),
	    any(c, 900000));
}

static void
apache(struct city *c)
{
	head(c, 182);
	web_line(c, "apache2");
}

static void
cron(struct city *c)
{
	head(c, 78);
	(void)printf("CRON[%u]: (u%05u) CMD (%s >/dev/null 2>&1)",
	    300 + any(c, 99000), zipf(c, USERS), PICK(c, commands));
}

static void
tale(struct city *c)
{
	unsigned n = 8 + any(c, TALE_MAX - 8);

	head(c, 14);
	(void)printf(
	    "flow[%u]: task=%08" PRIx64, 300 + any(c, 500), next(c) >> 32);
	while (n-- > 0)
		(void)printf(" %s", PICK(c, words));
	(void)printf(" took=%ums", any(c, 5000));
}

/* ---- choosing ---- */

struct share {
	unsigned percent;
	void (*line)(struct city *c);
};

static const struct share city_mix[] = { { 20, sshd }, { 5, sudo },
	{ 35, firewall }, { 25, web }, { 10, windows }, { 5, personal } };
static const struct share other_mix[] = { { 15, auditd }, { 10, postgres },
	{ 10, dhcp }, { 20, asa }, { 20, fortigate }, { 10, apache },
	{ 5, cron }, { 10, tale } };

static void
line(struct city *c, const struct share *mix, uint64_t n)
{
	unsigned at = any(c, 100);

	for (; at >= mix->percent; mix++)
		at -= mix->percent;
	mix->line(c);
	if (n % 100000 == 77777)
		(void)printf(" qx%07" PRIu64 "zj", n);
	if (n % 20000 == 11111)
		(void)fputs(" mk5q7", stdout);
	(void)putchar('\n');
}

static bool
number(const char *text, uint64_t *n)
{
	char *end;

	errno = 0;
	*n = strtoull(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && *text != '-';
}

int
main(int argc, char **argv)
{
	static struct city c;
	static char out[1 << 20];
	const struct share *mix = city_mix;
	uint64_t n = 0, from = 0, seed = 1;
	bool good = argc >= 2;

	for (int i = 1; i < argc && good; i++) {
		bool more = i + 1 < argc;

		if (strcmp(argv[i], "--seed") == 0)
			good = more && number(argv[++i], &seed);
		else if (strcmp(argv[i], "--from") == 0)
			good = more && number(argv[++i], &from);
		else if (strcmp(argv[i], "--mix") == 0 && more)
			mix = strcmp(argv[++i], "other") == 0 ? other_mix
							      : city_mix;
		else
			good = number(argv[i], &n);
	}
	if (!good) {
		(void)fputs("usage: corpus [--seed S] [--mix city|other] "
			    "[--from K] N\n",
		    stderr);
		return 2;
	}
	c.state = seed;
	for (unsigned i = 0; i < ADDRESSES; i++)
		for (unsigned k = 0; k < 3; k++)
			c.address[i][k] = (uint8_t)(k == 2 ? 1 + any(&c, 254)
							   : any(&c, 256));
	c.state = seed + from; /* another part of the same city */
	c.second = from / 20;
	(void)setvbuf(stdout, out, _IOFBF, sizeof out);
	for (uint64_t i = 0; i < n; i++)
		line(&c, mix, from + i);
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
