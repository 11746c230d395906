/*
 * tests/book/manual_test.c: doc/registers.md says what the registers say.
 *
 * With WRITE=1 in the environment the page is written instead of compared.
 */
#include "help.h"

#include "base/text.h"

/* A text in a table's cell. */
static void
cell(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '|')
			buf_u8(b, '\\');
		buf_u8(b, *s == '\n' ? ' ' : (uint8_t)*s);
	}
}

/* What the type allows. */
static void
type(struct buf *b, const struct schema_field *f)
{
	buf_text(b, field_type_name(f->type));
	if (f->to != NULL)
		buf_printf(b, " → %s", f->to);
	if (f->many)
		buf_text(b, ", many");
	if (f->has_min && f->has_max)
		buf_printf(
		    b, " %lld–%lld", (long long)f->min, (long long)f->max);
	else if (f->has_max)
		buf_printf(b, " ≤ %lld", (long long)f->max);
	else if (f->has_min)
		buf_printf(b, " ≥ %lld", (long long)f->min);
	for (size_t i = 0; i < f->n_values; i++)
		buf_printf(b, "%s`%s` %s", i > 0 ? ", " : ": ",
		    f->value[i].value, f->value[i].label.zh);
	if (f->n_highest > 0)
		buf_text(b, " (computed: the highest)");
}

/* Roles of a bit set. */
static void
roles(struct buf *b, unsigned bits)
{
	const char *sep = "";

	if (bits == OFFICE_EVERYONE) {
		buf_text(b, "everyone");
		return;
	}
	for (unsigned i = 0; i < OFFICE_N; i++)
		if ((bits >> i & 1) != 0) {
			buf_printf(b, "%s%s", sep, office_name(i));
			sep = ", ";
		}
}

/* One register. */
static void
section(struct buf *b, const struct schema_register *r)
{
	buf_printf(b, "\n## %s · %s (`%s`)\n\n%s\n%s\n\n", r->title.zh,
	    r->title.en, r->name, r->help.zh, r->help.en);
	buf_text(b, "Read: ");
	roles(b, r->read);
	buf_text(b, ". Write: ");
	roles(b, r->write);
	buf_printf(b, ". Key: %s · %s", r->key_label.zh, r->key_label.en);
	for (size_t i = 0; i < r->n_key_from; i++)
		buf_printf(b, "%s`%s`", i == 0 ? ", else made of " : " ",
		    r->field[r->key_from[i]].name);
	buf_text(b,
	    ".\n\n| field | 欄位 | label | type | marks | "
	    "import headings |\n|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < r->n_fields; i++) {
		const struct schema_field *f = &r->field[i];

		buf_printf(b, "| `%s` | ", f->name);
		cell(b, f->label.zh);
		buf_text(b, " | ");
		cell(b, f->label.en);
		buf_text(b, " | ");
		type(b, f);
		buf_printf(b, " | %s%s | ", f->required ? "required " : "",
		    f->personal ? "personal" : "");
		for (size_t k = 0; k < f->n_columns; k++) {
			buf_text(b, k > 0 ? "、" : "");
			cell(b, f->column[k]);
		}
		buf_text(b, " |\n");
	}
}

static const char head[] =
    "# 登錄簿 · Registers\n\n"
    "Made from `registers/*.yaml`; `tests/book/manual_test.c` holds the two "
    "together\n(`WRITE=1` writes this page). Every register has besides its "
    "fields the columns\n`agency key effective_us received_us entry voided "
    "ground`. `from`, `until` and other\nSQL words are quoted in statements "
    "(`a.\"from\"`).\n\n"
    "日期可填民國或西元；是非欄可填是/否；選項可填值或其中英文名稱；參照欄可填"
    "代碼，\n匯入時也可填名稱（須唯一）。\n";

static void
the_manual_says_what_the_registers_say(void **state)
{
	struct fault why = { 0 };
	struct schema *s = help_schema(&why);
	char path[512];
	struct buf b, now;
	FILE *f;
	int c;

	(void)state;
	buf_init(&b, (size_t)1 << 20);
	buf_init(&now, (size_t)1 << 20);
	buf_text(&b, head);
	for (size_t i = 0; i < schema_count(s); i++)
		section(&b, schema_at(s, i));
	(void)snprintf(path, sizeof path, "%s/doc/registers.md",
	    getenv("SRC") != NULL ? getenv("SRC") : ".");
	if (getenv("WRITE") != NULL) {
		f = fopen(path, "w");
		assert_non_null(f);
		assert_int_equal(fwrite(b.at, 1, b.len, f), b.len);
		assert_int_equal(fclose(f), 0);
	}
	f = fopen(path, "r");
	assert_non_null(f);
	while ((c = fgetc(f)) != EOF)
		buf_u8(&now, (uint8_t)c);
	(void)fclose(f);
	assert_string_equal(buf_string(&now), buf_string(&b));
	buf_clear(&b);
	buf_clear(&now);
	schema_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_manual_says_what_the_registers_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
