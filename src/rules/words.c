/*
 * rules/words.c: what a finding or a verdict says to people.
 *
 * Works on a clause's problems, and on the engine's own below.
 */
#include "clause/sentence.h"
#include "rules/inner.h"

static const struct clause_problem engine[] = {
	{ PROBLEM_NO_INSTRUMENT,
	    { "尚無儀器可判定本條。將由{instruments}判定：{decided_by}",
		"There is no instrument for this clause yet. What will decide: "
		"{instruments}. {decided_by}" },
	    { "待該儀器啟用；目前無法以宣告取代。",
		"Wait for the instrument; no declaration takes its place." } },
	{ PROBLEM_REFUSED,
	    { "本條之檢查無法執行，所有機關均為無訊。",
		"The clause's check cannot run, so nothing is known." },
	    { "更正該條之檢查（見訊息所指之檔案與列）。",
		"Correct the check at the file and line that are named." } },
	{ PROBLEM_NO_SUBJECT,
	    { "沒有登記任何本條所適用之對象。",
		"Nothing to which the clause applies is declared." },
	    { "於登記簿登記所適用之對象。",
		"Enter what the clause applies to in the registers." } },
	{ PROBLEM_VANISHED,
	    { "先前判定之對象已不再出現，且無載明理由之登記。",
		"A subject judged before is no longer seen, and no entry gives "
		"the ground." },
	    { "恢復其證據，或以載明理由之作廢登記說明。",
		"Bring its evidence back, or void its row with the ground." } },
	{ PROBLEM_LOST,
	    { "本項所依據之證據較先前為少，已有遺失。",
		"The evidence this rests on is less than it was: some of it "
		"was lost." },
	    { "恢復遺失之證據；新的觀測超過先前紀錄後重新判定。",
		"Bring the lost evidence back; once new observations pass what "
		"was known, it is judged anew." } },
};

static const struct {
	const char *name, *zh, *en;
} instruments[] = {
	{ "book", "登記簿", "registers" },
	{ "gate", "登入閘門", "the sign-in gate" },
	{ "vault", "日誌庫", "the log vault" },
	{ "ledger", "帳本", "the ledger" },
	{ "watch", "探測器", "probes" },
	{ "inspect", "檢查器", "inspection" },
	{ "incident", "事件處理", "incident handling" },
	{ "library", "程式館", "the release library" },
	{ "mask", "遮罩工具", "masking" },
	{ "seal", "密封傳遞", "sealed parcels" },
	{ "web", "網頁", "web pages" },
	{ "rules", "規則", "rules" },
	{ "regulation", "法規", "the regulation" },
};

/* The instruments of a clause in words, as a list for {instruments}. */
static json_t *
instruments_json(const struct clause *c, enum lang lang)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < c->n_instruments; i++)
		for (size_t k = 0; k < sizeof instruments / sizeof *instruments;
		     k++)
			if (strcmp(instruments[k].name, c->instruments[i]) == 0)
				(void)json_array_append_new(list,
				    json_string(lang == LANG_ZH
					    ? instruments[k].zh
					    : instruments[k].en));
	return list;
}

/* The evidence as an object, with what the engine's own sentences name. */
static json_t *
evidence_json(const struct clause *c, const char *text, enum lang lang)
{
	json_t *v = NULL;

	if (text == NULL || json_read(span_text(text), &v, NULL) != ERR_OK)
		v = json_object();
	(void)json_object_set_new(v, "instruments", instruments_json(c, lang));
	if (c->decided_by.zh != NULL)
		json_put_str(v, "decided_by",
		    lang == LANG_ZH ? c->decided_by.zh : c->decided_by.en);
	return v;
}

/* One sentence into its buffer. */
static void
say(struct buf *b, const struct clause *c, const char *text,
    const char *evidence, enum lang lang)
{
	json_t *v;

	if (b == NULL || text == NULL)
		return;
	v = evidence_json(c, evidence, lang);
	(void)sentence_print(b, text, v, lang);
	json_decref(v);
}

void
rules_sentence(const struct clause *c, const char *problem,
    const char *evidence, const struct rules_words *to)
{
	const struct clause_problem *p;

	if (problem == NULL)
		return;
	p = clause_problem(c, span_text(problem));
	for (size_t i = 0; p == NULL && i < sizeof engine / sizeof *engine; i++)
		if (strcmp(engine[i].code, problem) == 0)
			p = &engine[i];
	if (p == NULL)
		return;
	say(to->zh, c, p->says.zh, evidence, LANG_ZH);
	say(to->en, c, p->says.en, evidence, LANG_EN);
	say(to->fix_zh, c, p->fix.zh, evidence, LANG_ZH);
	say(to->fix_en, c, p->fix.en, evidence, LANG_EN);
}
