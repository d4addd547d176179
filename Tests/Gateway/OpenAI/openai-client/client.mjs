// Uses a gateway by OpenAI's own library, and prints what it saw: one line of JSON a step.
import OpenAI from 'openai';

const [baseURL, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const user = (content) => [{ role: 'user', content }];
const show = (step, seen) => console.log(JSON.stringify({ step, ...seen }));
const failing = async (step, work) => {
  try {
    await work();
    show(step, { failed: false });
  } catch (e) {
    show(step, { failed: true, name: e.constructor.name, status: e.status ?? null, code: e.code ?? null, param: e.param ?? null, type: e.type ?? null });
  }
};

const ids = [];
for await (const model of client.models.list()) ids.push(model.id);
show('models', { agent: ids.includes('agent/daily_brief'), offline: ids.includes('offline/extractive') });
show('model', { id: (await client.models.retrieve('agent/daily_brief')).id });

const whole = await client.chat.completions.create({ model: 'openai/gpt-5-mini', messages: user('Hi') });
show('chat', { text: whole.choices[0].message.content, total: whole.usage.total_tokens });

const stream = await client.chat.completions.create({ model: 'openai/gpt-5-mini', messages: user('Hi'), stream: true, stream_options: { include_usage: true } });
let text = '', usage = null;
for await (const chunk of stream) {
  text += chunk.choices[0]?.delta?.content ?? '';
  usage = chunk.usage ?? usage;
}
show('stream', { text, total: usage.total_tokens });

const tools = [{ type: 'function', function: { name: 'add', description: 'Adds', parameters: { type: 'object', properties: { a: { type: 'integer' }, b: { type: 'integer' } } } } }];
for (const model of ['openai/gpt-5-mini', 'anthropic/claude-sonnet-4-5']) {
  const final = await client.chat.completions.stream({ model, messages: user('2+3?'), tools }).finalChatCompletion();
  const { id, function: { name, arguments: given } } = final.choices[0].message.tool_calls[0];
  show('tools', { model, id, name, arguments: JSON.parse(given), reason: final.choices[0].finish_reason });
}

const embedding = await client.embeddings.create({ model: 'openai/text-embedding-3-small', input: 'Hi', encoding_format: 'float' });
show('embeddings', { length: embedding.data[0].embedding.length });

const brief = await client.chat.completions.create({ model: 'agent/daily_brief', messages: user('Monday 09:00 design review. The fix must merge before noon.') });
show('agent', { text: brief.choices[0].message.content.startsWith('[offline]'), used: brief.usage.total_tokens > 0 });
const final = await client.chat.completions.stream({ model: 'agent/daily_brief', messages: user('Monday 09:00 design review. The fix must merge before noon.'), stream_options: { include_usage: true } }).finalChatCompletion();
show('agent stream', { text: final.choices[0].message.content.startsWith('[offline]'), used: final.usage.total_tokens > 0 });

await failing('unknown', () => client.chat.completions.create({ model: 'agent/none', messages: user('Hi') }));
await failing('bad', () => client.chat.completions.create({ model: 'agent/daily_brief', messages: user('Hi'), n: 2 }));
await failing('wrong key', () => new OpenAI({ baseURL, apiKey: 'osm_wrong_key_of_the_tests', maxRetries: 0 }).models.list());
await failing('cut', async () => {
  for await (const _ of await client.chat.completions.create({ model: 'openai/gpt-5-mini', messages: user('Hi'), stream: true }));
});
