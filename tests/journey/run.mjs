// tests/journey/run.mjs: what a person does, in a real browser. TAP on stdout.
//
//   BASE_URL=https://localhost:8443 ACCOUNT=admin PASSWORD=... node run.mjs
//
// NEW_PASSWORD  given to a forced change (default: made from PASSWORD)
// WORD          a word that some log record holds (default: sshd)
// REGISTER      a register the account may write (default: system)
// STORES        1: the server keeps what is written (the fake one does not)
// PAYLOADS      1: log records hold the hostile corpus; nothing may run
// SHOTS         a folder: a picture of every page, wide and narrow, zh and en
// CHROMIUM      the browser (default /usr/bin/chromium)
import { createRequire } from 'node:module';
import { readFileSync, mkdirSync } from 'node:fs';

const require = createRequire(import.meta.url);
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const env = process.env;
const base = (env.BASE_URL || '').replace(/\/$/, '');
const account = env.ACCOUNT || 'admin';
let password = env.PASSWORD || '';
const word = env.WORD || 'sshd';
const register = env.REGISTER || 'system';
if (!base || !password) {
  console.error('BASE_URL and PASSWORD are needed');
  process.exit(2);
}

let n = 0, failed = 0;
const troubles = [];

async function step(name, fn) {
  n += 1;
  troubles.length = 0;
  let why = null;
  try {
    await fn();
    if (troubles.length) why = troubles.join('; ');
  } catch (e) {
    why = String(e && e.message || e);
  }
  if (why === null) {
    console.log(`ok ${n} - ${name}`);
  } else {
    failed += 1;
    console.log(`not ok ${n} - ${name}`);
    console.log('  # ' + why.split('\n').join('\n  # '));
  }
}

function must(ok, what) {
  if (!ok) throw new Error(what);
}

const browser = await chromium.launch({
  executablePath: env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});

async function newPage(options = {}) {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true, locale: 'zh-TW', timezoneId: 'Asia/Taipei',
    viewport: { width: 1280, height: 900 }, ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15000);
  // Nothing of a page may run but our own script; nothing may be refused.
  page.on('dialog', async (d) => { troubles.push('a dialog: ' + d.message()); await d.dismiss(); });
  page.on('pageerror', (e) => troubles.push('script: ' + e.message));
  page.on('console', (m) => {
    if (m.type() === 'error' && !/status of (4|5)\d\d/.test(m.text())) troubles.push('console: ' + m.text());
  });
  page.on('request', (r) => {
    if (!r.url().startsWith(base) && !r.url().startsWith('data:')) troubles.push('left the server: ' + r.url());
  });
  return page;
}

async function go(page, path) {
  const r = await page.goto(base + path);
  return r.status();
}

async function accessible(page, name) {
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const r = await window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] });
    return r.violations.map((v) => `${v.id} (${v.impact}): ` + v.nodes.slice(0, 3).map((x) => x.target.join(' ')).join(', '));
  });
  if (found.length) troubles.push(`${name}: ` + found.join('; '));
}

async function noSidewaysScroll(page, name) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (over > 1) troubles.push(`${name}: ${over}px wider than the window`);
}

async function signIn(page) {
  await go(page, '/sign-in');
  await page.fill('#name', account);
  await page.fill('#password', password);
  await page.click('button.main');
  await page.waitForLoadState();
  if (page.url().endsWith('/password')) {
    const fresh = env.NEW_PASSWORD || password + '-2aZ!';
    await page.fill('#old', password);
    await page.fill('#new', fresh);
    await page.fill('#again', fresh);
    await page.click('button.main');
    await page.waitForLoadState();
    must(page.url().includes('/account'), 'the change led to ' + page.url());
    password = fresh;
  }
}

const page = await newPage();

await step('a stranger is asked to sign in, and comes back to his page', async () => {
  await go(page, '/log?q=' + word);
  must(page.url().includes('/sign-in?next='), page.url());
  await accessible(page, 'sign-in');
});

await step('a wrong password is refused without a hint', async () => {
  await page.fill('#name', account);
  await page.fill('#password', 'certainly not it');
  await page.click('button.main');
  await page.waitForSelector('[role=alert]');
  await accessible(page, 'sign-in refused');
});

await step('the right password opens the city, after a forced change if need be', async () => {
  await signIn(page);
  must(await go(page, '/') === 200, 'the city does not open');
  must(await page.locator('h1').count() === 1, 'no heading');
  must(await page.locator('.counts').count() > 0, 'no strip of counts');
});

const href = async (sel) => page.locator(sel).first().getAttribute('href');
let pages = ['/', '/clauses', '/log', '/log/stat', '/log/storage', '/log/calendar', '/registers', `/registers/${register}`, `/registers/${register}/new`,
  `/registers/${register}/import`, '/ledger', '/health', '/account', '/password'];

await step('every page opens, is accessible, and sends nothing elsewhere', async () => {
  const agency = await href('.matrix tbody th a');
  must(agency, 'the matrix names no agency');
  pages.push(agency.split('?')[0]);
  await go(page, '/clauses');
  pages.push((await href('.clauses tbody th a')));
  for (const p of pages) {
    must(await go(page, p) === 200, `${p} does not open`);
    await accessible(page, p);
  }
});

await step('the narrow window shows every page without sideways scrolling', async () => {
  await page.setViewportSize({ width: 360, height: 740 });
  for (const p of pages) {
    await go(page, p);
    await noSidewaysScroll(page, p);
  }
  await page.setViewportSize({ width: 1280, height: 900 });
});

await step('a clause is found by 十二(一) and by 12.1', async () => {
  for (const q of ['十二(一)', '12.1']) {
    await go(page, '/clauses');
    await page.fill('main #q', q);
    await page.press('main #q', 'Enter');
    await page.waitForLoadState();
    must(decodeURIComponent(page.url()).includes('/clauses/12.1'), `${q} led to ${page.url()}`);
  }
  must((await page.locator('blockquote.law').innerText()).length > 5, 'no official text');
  must((await page.locator('.facts').count()) > 0, 'nothing says how it is judged');
});

await step('the language follows the reader', async () => {
  await go(page, '/clauses');
  await page.click('.tongue');
  must(await page.locator('html[lang=en]').count() === 1, 'not in English');
  must(page.url().endsWith('/clauses'), 'left the page for ' + page.url());
  await page.click('.tongue');
  must(await page.locator('html[lang=zh-Hant-TW]').count() === 1, 'not in Chinese');
});

await step('the log is searched by a word, and a record opens', async () => {
  await go(page, '/log?range=all');
  await page.fill('main #q', word);
  await page.press('main #q', 'Enter');
  await page.waitForURL(/q=/);
  await page.waitForSelector('.records li');
  must(await page.locator('.histogram svg rect').count() > 0, 'no histogram');
  await accessible(page, 'results');
  await page.locator('.records a[href^="/log/records/"]').first().click();
  await page.waitForSelector('pre.raw');
  await accessible(page, 'record');
});

await step('a query that is not well formed is explained', async () => {
  await go(page, '/log?q=' + encodeURIComponent('('));
  must(await page.locator('[role=alert]').count() === 1, 'no explanation');
});

await step('a sealed record gives a proof file', async () => {
  await go(page, '/log?range=all&q=' + word);
  const link = page.locator('.records a[href$="/proof"]').first();
  if (await link.count() === 0) {
    console.log('  # no record is sealed yet');
    return;
  }
  const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
  const bundle = JSON.parse(readFileSync(await download.path(), 'utf8'));
  must(bundle.format === 'beimen-proof-1', 'not a proof bundle');
});

await step('a row is refused with its errors, then saved, then voided', async () => {
  await go(page, `/registers/${register}/new`);
  if (await page.locator('form.fill').count() === 0) {
    await page.locator('main form.search button').click();
    await page.waitForSelector('form.fill');
  }
  await page.evaluate(() => document.querySelectorAll('form.fill [required]').forEach((e) => e.removeAttribute('required')));
  await page.locator('form.fill button.main').click();
  await page.waitForSelector('.field.wrong, [role=alert]');
  await accessible(page, 'refused form');
  const inputs = page.locator('form.fill .field input:not([type=hidden]):not([type=checkbox])');
  await inputs.first().fill('旅程 <b>測試</b> "1"');
  for (const s of await page.locator('form.fill .field select[required]').all()) await s.selectOption({ index: 1 });
  await page.locator('form.fill button.main').click();
  await page.waitForURL(/saved=/);
  must(await page.locator('.note.good').count() === 1, 'not said to be saved');
  if (env.STORES !== '1') return;
  must((await page.locator('main').innerText()).includes('旅程'), 'the row lost its text');
  must(await page.locator('main b', { hasText: /^測試$/ }).count() === 0, 'text became markup');
  await page.locator('details.danger summary').click();
  await page.fill('#ground', '旅程測試');
  await page.locator('button.danger').click();
  await page.waitForURL(/saved=/);
  must(await page.locator('.note.bad').count() === 1, 'not shown as voided');
});

await step('an import is checked before anything is written', async () => {
  await go(page, `/registers/${register}/import`);
  await page.setInputFiles('#file', { name: 'rows.csv', mimeType: 'text/csv', buffer: Buffer.from('nothing,bad\n1,2\n') });
  await page.locator('main form.fill button.main').click();
  await page.waitForSelector('.note');
  must(await page.locator('input[name=write]').count() === 0, 'a wrong file can be written');
  await accessible(page, 'import');
});

await step('each list is given as JSON and CSV', async () => {
  for (const p of ['/city', '/clauses', '/log', '/registers', `/registers/${register}`, '/ledger', '/health']) {
    const json = await page.request.get(`${base}${p}.json`);
    must(json.status() === 200 && typeof await json.json() === 'object', `${p}.json`);
    const csv = await page.request.get(`${base}${p}.csv`);
    must(csv.status() === 200 && (await csv.text()).includes(','), `${p}.csv`);
  }
  must((await page.request.get(`${base}/api/v1/openapi.json`)).status() === 200, 'openapi.json');
});

await step('the past is shown by date', async () => {
  await go(page, '/');
  await page.fill('#at', '115/11/20');
  await page.press('#at', 'Enter');
  await page.waitForURL(/at=/);
  must(await page.locator('.judged').count() === 1, 'does not say when it is judged');
});

await step('the keyboard reaches the content and every control is seen in focus', async () => {
  await go(page, '/');
  await page.keyboard.press('Tab');
  must(await page.evaluate(() => document.activeElement.className) === 'skip', 'the first stop is not the skip link');
  await page.keyboard.press('Enter');
  must(await page.evaluate(() => document.activeElement.id) === 'main', 'the skip link does not skip');
  for (let i = 0; i < 12; i++) {
    await page.keyboard.press('Tab');
    const seen = await page.evaluate(() => {
      const s = getComputedStyle(document.activeElement);
      return document.activeElement === document.body || (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2);
    });
    must(seen, 'a control without visible focus');
  }
});

await step('pages work without scripts', async () => {
  const plain = await newPage({ javaScriptEnabled: false });
  await signIn(plain);
  must(await go(plain, '/log?range=all&q=' + word) === 200, 'the log does not open');
  must(await plain.locator('.records li').count() > 0, 'no records');
  await plain.context().close();
});

if (env.PAYLOADS === '1') {
  await step('no log record runs, with the content policy on or off', async () => {
    for (const bypassCSP of [false, true]) {
      const p = await newPage({ bypassCSP });
      await signIn(p);
      let path = '/log?range=all', seen = 0;
      for (let i = 0; path && i < 20; i++) {
        await go(p, path);
        seen += await p.locator('.records li').count();
        must(await p.locator('.records script, .records img, .records svg, .records iframe, .records [onmouseover]').count() === 0, 'a record made an element');
        const older = p.locator('.pager a[rel=next]');
        path = await older.count() ? await older.first().getAttribute('href') : null;
      }
      must(seen > 0, 'no records to look at');
      await p.context().close();
    }
  });
}

if (env.SHOTS) {
  await step('every page is pictured', async () => {
    mkdirSync(env.SHOTS, { recursive: true });
    const more = [...pages, '/log?q=partial', '/nowhere'];
    await go(page, '/log?range=all');
    const rec = await href('.records a[href^="/log/records/"]');
    if (rec) more.push(rec);
    await go(page, `/registers/${register}`);
    const row = await href('main tbody th a');
    if (row) more.push(row);
    for (const lang of ['zh', 'en'])
      for (const width of [1280, 360]) {
        await page.setViewportSize({ width, height: width === 360 ? 740 : 900 });
        for (const p of more) {
          await go(page, p + (p.includes('?') ? '&' : '?') + 'lang=' + lang);
          const name = (p === '/' ? 'city' : p.slice(1)).replace(/[^a-z0-9.]+/gi, '-');
          await page.screenshot({ path: `${env.SHOTS}/${name}-${lang}-${width}.png`, fullPage: true });
        }
      }
  });
}

await step('signing out ends the session', async () => {
  await page.setViewportSize({ width: 1280, height: 900 });
  await go(page, '/');
  // An account has three sessions at most; a later one may have ended ours.
  if (page.url().includes('/sign-in')) {
    await signIn(page);
    await go(page, '/');
  }
  await page.locator('.me button').click();
  await page.waitForURL(/sign-in/);
  await go(page, '/');
  must(page.url().includes('/sign-in'), 'still signed in');
});

await browser.close();
console.log(`1..${n}`);
console.log(`# ${n - failed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
