/** The condition on the attributes of an HTTP request. */
import { Evaluation } from '../attributes/evaluate.js';
import { parseExpression } from '../attributes/parse.js';
import { EvaluationFault, isTrue } from '../attributes/values.js';
import { Regexps } from './regexps.js';

export interface AttributesMatcher {
  /** Without any attributes it is false. `fault` is told why an expression could not be evaluated. */
  matches(attributes: ReadonlyMap<string, string> | undefined, fault?: (reason: string) => void): boolean;
}

/**
 * V2Ray's expression, or Xray's regular expressions by the name of an attribute, all of which must match. Throws
 * ExpressionFault; regular expressions have been checked.
 */
export function createAttributesMatcher(condition: string | ReadonlyMap<string, string>): AttributesMatcher {
  return typeof condition === 'string' ? expressionMatcher(condition) : regexpMatcher(condition);
}

function expressionMatcher(text: string): AttributesMatcher {
  const expression = parseExpression(text);
  return {
    matches(attributes, fault) {
      if (attributes === undefined || attributes.size === 0) return false;
      try {
        return isTrue(new Evaluation(attributes).value(expression));
      } catch (error) {
        if (!(error instanceof EvaluationFault)) throw error;
        fault?.(error.message);
        return false;
      }
    },
  };
}

/** Longest value that is looked at; re2js takes time in proportion to it. */
const maxValueLength = 8192;

function regexpMatcher(condition: ReadonlyMap<string, string>): AttributesMatcher {
  const wanted = [...condition].map(([name, pattern]) => ({
    name: name.toLowerCase(),
    pattern: new Regexps([pattern]),
  }));
  return {
    matches(attributes) {
      if (attributes === undefined || attributes.size === 0) return false;
      return wanted.every(({ name, pattern }) => {
        const value = attributes.get(name);
        return value !== undefined && value.length <= maxValueLength && pattern.hasText(value);
      });
    },
  };
}
