// Reads lines of {"schema": …, "values": […]} and says for each what Ajv thinks of the values, as 1 and 0, or why it refuses the schema.
import { readFileSync } from 'node:fs';
import Ajv2020 from 'ajv/dist/2020.js';

const ajv = new Ajv2020.default({ strict: false, validateFormats: false, logger: false });
const said = readFileSync(process.argv[2], 'utf8').split('\n').filter(line => line).map(line => {
  const { schema, values } = JSON.parse(line);
  try {
    const validate = ajv.compile(schema);
    return values.map(value => validate(value) ? '1' : '0').join('');
  } catch (error) {
    return `refused: ${error.message.replaceAll('\n', ' ')}`;
  }
});
console.log(said.join('\n'));
