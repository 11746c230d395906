// tests/journey/fake.mjs: the journeys over the web face with test data.
//
//   node fake.mjs FAKE_SERVER FAKE_DATA.json
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const [program, data] = process.argv.slice(2);
const server = spawn(program, [data], { stdio: ['pipe', 'pipe', 'inherit'] });
server.stdout.once('data', (line) => {
  const url = String(line).match(/web: (\S+)/)[1];
  const run = spawn(process.execPath, [fileURLToPath(new URL('run.mjs', import.meta.url))], {
    stdio: 'inherit',
    env: { ...process.env, BASE_URL: url, ACCOUNT: 'admin', PASSWORD: 'correct-1!', PAYLOADS: '1' },
  });
  run.on('exit', (code) => {
    server.stdin.end(); // the server ends with its input
    process.exitCode = code ?? 1;
  });
});
server.on('exit', (code) => {
  if (code) process.exitCode = 1;
});
