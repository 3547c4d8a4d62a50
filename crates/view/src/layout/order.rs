//! The order within layers, in which few arrows cross.

use super::Vertex;

/// Sweeps forth and back at most.
const SWEEPS: usize = 24;
/// Sweeps without fewer crossings after which to stop.
const PATIENCE: usize = 6;

/// The vertices of each layer, in order.
pub(super) fn ordered(vertices: &[Vertex]) -> Vec<Vec<usize>> {
    let mut layers = depth_first(vertices);
    let mut best = layers.clone();
    let mut fewest = crossings(vertices, &layers);
    let mut without_gain = 0;
    for sweep in 0..SWEEPS {
        if fewest == 0 || without_gain == PATIENCE {
            break;
        }
        by_barycentre(vertices, &mut layers, sweep % 2 == 0);
        exchange(vertices, &mut layers);
        let count = crossings(vertices, &layers);
        without_gain += 1;
        if count < fewest {
            (fewest, best, without_gain) = (count, layers.clone(), 0);
        }
    }
    best
}

/// The order in which a walk from the outputs back to the leaves meets the vertices: a tree has no crossings in it.
fn depth_first(vertices: &[Vertex]) -> Vec<Vec<usize>> {
    let count = vertices.iter().map(|v| v.layer + 1).max().unwrap_or(0);
    let mut layers = vec![Vec::new(); count];
    let mut met = vec![false; vertices.len()];
    let mut stack: Vec<usize> = (0..vertices.len()).rev().filter(|v| vertices[*v].after.is_empty()).collect();
    while let Some(v) = stack.pop() {
        if !std::mem::replace(&mut met[v], true) {
            layers[vertices[v].layer].push(v);
            stack.extend(vertices[v].before.iter().rev());
        }
    }
    layers
}

/// Sorts each layer by the mean position of the neighbours in the layer before (`forth`) or after.
fn by_barycentre(vertices: &[Vertex], layers: &mut [Vec<usize>], forth: bool) {
    let mut position = positions(vertices, layers);
    let count = layers.len();
    for step in 1..count {
        let layer = &mut layers[if forth { step } else { count - 1 - step }];
        let barycentre = |v: usize| {
            let neighbours = if forth { &vertices[v].before } else { &vertices[v].after };
            match neighbours.len() {
                0 => position[v] as f64,
                n => neighbours.iter().map(|u| position[*u] as f64).sum::<f64>() / n as f64,
            }
        };
        let mut keyed: Vec<(f64, usize)> = layer.iter().map(|v| (barycentre(*v), *v)).collect();
        keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
        *layer = keyed.into_iter().map(|(_, v)| v).collect();
        layer.iter().enumerate().for_each(|(k, v)| position[*v] = k);
    }
}

/// Exchanges neighbours in each layer where fewer arrows cross after it.
fn exchange(vertices: &[Vertex], layers: &mut [Vec<usize>]) {
    let mut position = positions(vertices, layers);
    for layer in layers {
        for k in 1..layer.len() {
            let (a, b) = (layer[k - 1], layer[k]);
            let crossed = |a: usize, b: usize| {
                let pairs = |x: &[usize], y: &[usize]| -> usize {
                    x.iter().map(|u| y.iter().filter(|v| position[*u] > position[**v]).count()).sum()
                };
                pairs(&vertices[a].before, &vertices[b].before) + pairs(&vertices[a].after, &vertices[b].after)
            };
            if crossed(b, a) < crossed(a, b) {
                layer.swap(k - 1, k);
                (position[a], position[b]) = (k, k - 1);
            }
        }
    }
}

fn positions(vertices: &[Vertex], layers: &[Vec<usize>]) -> Vec<usize> {
    let mut position = vec![0; vertices.len()];
    layers.iter().for_each(|layer| layer.iter().enumerate().for_each(|(k, v)| position[*v] = k));
    position
}

/// How many pairs of arrows cross.
fn crossings(vertices: &[Vertex], layers: &[Vec<usize>]) -> usize {
    let position = positions(vertices, layers);
    let mut count = 0;
    for layer in layers {
        // Arrows in the order of where they start; those that end before an earlier one cross it.
        let mut ends: Vec<usize> = Vec::new();
        for v in layer {
            let mut own: Vec<usize> = vertices[*v].after.iter().map(|w| position[*w]).collect();
            own.sort_unstable();
            count += own.iter().map(|end| ends.len() - ends.partition_point(|e| e <= end)).sum::<usize>();
            ends.extend(own);
            ends.sort_unstable();
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::super::layers::vertices;
    use super::super::tests::random_parents;
    use super::*;

    /// Crossings by looking at every pair of arrows.
    fn crossings_of_pairs(vertices: &[Vertex], layers: &[Vec<usize>]) -> usize {
        let position = positions(vertices, layers);
        let arrows: Vec<(usize, usize)> =
            (0..vertices.len()).flat_map(|v| vertices[v].after.iter().map(move |w| (v, *w))).collect();
        let cross = |(a, b): (usize, usize), (c, d): (usize, usize)| {
            vertices[a].layer == vertices[c].layer && position[a] < position[c] && position[b] > position[d]
        };
        arrows.iter().map(|x| arrows.iter().filter(|y| cross(*x, **y)).count()).sum()
    }

    #[test]
    fn crossings_are_counted() {
        for seed in 1..20 {
            let vertices = vertices(&random_parents(30, seed));
            let layers = depth_first(&vertices);
            assert_eq!(crossings(&vertices, &layers), crossings_of_pairs(&vertices, &layers), "seed {seed}");
        }
    }

    #[test]
    fn what_can_be_drawn_without_crossings_is() {
        let table: &[(&str, Vec<Vec<usize>>)] = &[
            ("a tree", vec![vec![], vec![], vec![], vec![], vec![0, 1], vec![2, 3], vec![4, 5]]),
            ("two layers in the wrong order", vec![vec![], vec![], vec![], vec![2, 1], vec![1, 0]]),
            ("a ladder", vec![vec![], vec![], vec![0], vec![1], vec![2], vec![3], vec![5, 3], vec![4, 2], vec![6, 7]]),
        ];
        for (name, parents) in table {
            let vertices = vertices(parents);
            assert_eq!(crossings(&vertices, &ordered(&vertices)), 0, "{name}");
        }
    }

    #[test]
    fn the_order_has_no_more_crossings_than_the_walk() {
        for seed in 1..20 {
            let vertices = vertices(&random_parents(60, seed));
            let layers = ordered(&vertices);
            assert!(crossings(&vertices, &layers) <= crossings(&vertices, &depth_first(&vertices)), "seed {seed}");
            let mut all: Vec<usize> = layers.concat();
            all.sort_unstable();
            assert!(all.into_iter().eq(0..vertices.len()), "seed {seed}: every vertex once");
        }
    }
}
