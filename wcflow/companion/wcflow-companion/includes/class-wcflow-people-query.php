<?php
/**
 * One list of people.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Finds the people of a list by indexes only.
 *
 * Every filter and every word of a search is a condition. The rarest condition gives the people where they are
 * few; else the index of the order is walked, and the other conditions are looked up person by person.
 */
class Wcflow_People_Query {
	const FEW = 20000;

	/**
	 * The wanted order and page.
	 *
	 * @var array
	 */
	private $args;

	/**
	 * The wanted segment, or an empty string.
	 *
	 * @var string
	 */
	private $segment;

	/**
	 * Conditions: table, test (SQL over the alias {x}), its values, words (whether one person may have several
	 * rows) and segment (whether it is the segment).
	 *
	 * @var array[]
	 */
	private $conditions = array();

	/**
	 * The rarest condition, or null where there is none.
	 *
	 * @var int|null
	 */
	private $rarest = null;

	/**
	 * How many rows the rarest condition has; one more than FEW means many.
	 *
	 * @var int
	 */
	private $size = 0;

	/**
	 * Reads what is wanted; unknown values become the usual ones.
	 *
	 * @param array $args As for Wcflow_People::query.
	 */
	public function __construct( $args ) {
		$this->args    = array_merge(
			array(
				'search'   => '',
				'orderby'  => 'name',
				'order'    => 'asc',
				'page'     => 1,
				'per_page' => 20,
			),
			$args
		);
		$this->segment = isset( $args['segment'] ) ? Wcflow_Streams::cut( $args['segment'], 100 ) : '';
		foreach ( Wcflow_People::FILTERS as $kind ) {
			if ( isset( $args[ $kind ] ) && '' !== (string) $args[ $kind ] ) {
				$this->add_label( $kind, Wcflow_Streams::cut( $args[ $kind ] ) );
			}
		}
		foreach ( array_slice( Wcflow_Cards::words( (string) $this->args['search'], false ), 0, 5 ) as $word ) {
			$this->add_word( $word );
		}
		$this->find_rarest();
	}

	/**
	 * Returns the ids of the people of the wanted page, in order.
	 */
	public function persons() {
		global $wpdb;
		$size   = max( 1, min( 1000, (int) $this->args['per_page'] ) );
		$from   = ( max( 1, (int) $this->args['page'] ) - 1 ) * $size;
		$order  = $this->order();
		$people = Wcflow_Tables::name( 'people' );
		// Far behind, walking costs more than sorting all.
		if ( null !== $this->rarest && ( $this->size <= self::FEW || ( $from > self::FEW && 1 < count( $this->conditions ) + (int) ( '' === $this->segment ) ) ) ) {
			$sql = 'SELECT p.person FROM ( ' . $this->matching() . " ) m STRAIGHT_JOIN `$people` p ON p.person = m.person ORDER BY $order";
		} else {
			$index                 = $this->index();
			list( $joins, $where ) = $this->lookups( 'p' );

			$where = implode( ' AND ', array_merge( array( $this->segment_where() ), $where ) );
			$sql   = "SELECT p.person FROM `$people` p FORCE INDEX ($index)$joins WHERE $where ORDER BY $order";
		}
		return array_map( 'intval', $wpdb->get_col( $wpdb->prepare( "$sql LIMIT %d OFFSET %d", $size, $from ) ) ); // phpcs:ignore WordPress.DB
	}

	/**
	 * Returns the ids of the people that follow one, in the order of ids.
	 *
	 * @param int $after Id of a person.
	 * @param int $limit How many at most.
	 */
	public function persons_after( $after, $limit ) {
		global $wpdb;
		$rarest = null === $this->rarest ? null : $this->conditions[ $this->rarest ];
		if ( $rarest && ( ! $rarest['words'] || $this->size <= self::FEW ) ) {
			$sql = $this->matching( $wpdb->prepare( 'c.person > %d', $after ) ) . ' ORDER BY c.person';
		} else {
			$people                = Wcflow_Tables::name( 'people' );
			list( $joins, $where ) = $this->lookups( 'p' );

			$where = implode( ' AND ', array_merge( array( $wpdb->prepare( 'p.person > %d', $after ), $this->segment_where() ), $where ) );
			$sql   = "SELECT p.person FROM `$people` p FORCE INDEX (PRIMARY)$joins WHERE $where ORDER BY p.person";
		}
		return array_map( 'intval', $wpdb->get_col( $wpdb->prepare( "$sql LIMIT %d", $limit ) ) ); // phpcs:ignore WordPress.DB
	}

	/**
	 * Returns how many match. One filter and few people are counted exactly; of several filters that are met by
	 * many, at most one more than Wcflow_People::MANY.
	 */
	public function total() {
		if ( null !== $this->rarest && $this->size <= self::FEW ) {
			return $this->count_sql( $this->matching() );
		}
		$key   = 'wcflow_total_' . md5( Wcflow_Streams::encode( wp_list_pluck( $this->conditions, 'values' ) ) );
		$known = get_transient( $key );
		if ( false === $known ) {
			$known = $this->count_many();
			set_transient( $key, $known, MINUTE_IN_SECONDS );
		}
		return (int) $known;
	}

	/**
	 * Counts everybody, those of one filter, or at most a little more than Wcflow_People::MANY.
	 */
	private function count_many() {
		if ( ! $this->conditions ) {
			return Wcflow_People::count();
		}
		$one = 1 === count( $this->conditions ) && ! $this->conditions[0]['words'];
		return $this->count_sql( $this->matching() . ( $one ? '' : ' LIMIT ' . ( Wcflow_People::MANY + 1 ) ) );
	}

	/**
	 * Adds the condition that people have a label.
	 *
	 * @param string $kind One of Wcflow_People::FILTERS.
	 * @param string $name Name of the label.
	 */
	private function add_label( $kind, $name ) {
		$this->conditions[] = array(
			'table'   => Wcflow_Tables::name( 'labels' ),
			'test'    => '{x}.kind = %s AND {x}.name = %s',
			'values'  => array( $kind, $name ),
			'words'   => false,
			'segment' => 'segment' === $kind,
		);
	}

	/**
	 * Adds the condition that a word of the name or of an address begins with some letters.
	 *
	 * @param string $word First letters.
	 */
	private function add_word( $word ) {
		global $wpdb;
		$this->conditions[] = array(
			'table'   => Wcflow_Tables::name( 'identities' ),
			'test'    => "{x}.kind = 'word' AND {x}.value LIKE %s",
			'values'  => array( $wpdb->esc_like( $word ) . '%' ),
			'words'   => true,
			'segment' => false,
		);
	}

	/**
	 * Returns what a condition asks of a row, as SQL.
	 *
	 * @param int    $number Number of the condition.
	 * @param string $alias  Alias of its table.
	 */
	private function test( $number, $alias ) {
		global $wpdb;
		$condition = $this->conditions[ $number ];
		return $wpdb->prepare( str_replace( '{x}', $alias, $condition['test'] ), $condition['values'] ); // phpcs:ignore WordPress.DB
	}

	/**
	 * Finds the condition that the fewest rows meet.
	 */
	private function find_rarest() {
		foreach ( $this->conditions as $number => $condition ) {
			$size = $this->count_sql( "SELECT c.person FROM `{$condition['table']}` c WHERE " . $this->test( $number, 'c' ) . ' LIMIT ' . ( self::FEW + 1 ) );
			// Of equally common ones a label is better than a word: its people come in order.
			if ( null === $this->rarest || $size < $this->size ) {
				$this->rarest = $number;
				$this->size   = $size;
			}
		}
	}

	/**
	 * Returns SQL for the ids of all that match, beginning with the rarest condition.
	 *
	 * @param string $also Another condition over the alias c.
	 */
	private function matching( $also = '1=1' ) {
		$rarest                = $this->conditions[ $this->rarest ];
		$distinct              = $rarest['words'] ? 'DISTINCT' : '';
		list( $joins, $where ) = $this->lookups( 'c', $this->rarest );

		$where = array_merge( array( $this->test( $this->rarest, 'c' ), $also ), $where );
		return "SELECT $distinct c.person FROM `{$rarest['table']}` c$joins WHERE " . implode( ' AND ', $where );
	}

	/**
	 * Returns SQL that looks each person up by primary key for the conditions: joins, and parts of WHERE.
	 *
	 * @param string   $alias Table whose person is looked up: p for people, c for the rarest condition.
	 * @param int|null $but   Condition that is left out.
	 */
	private function lookups( $alias, $but = null ) {
		$joins = '';
		$where = array();
		foreach ( $this->conditions as $number => $condition ) {
			if ( $number === $but || ( 'p' === $alias && $condition['segment'] ) ) {
				continue; // The table of people has the segment itself.
			}
			$x  = "x$number";
			$on = "$x.person = $alias.person AND " . $this->test( $number, $x );
			if ( $condition['words'] && 'p' === $alias ) {
				// Several words of a person may begin so. With LIMIT it stays a look-up, and becomes no join in another order.
				$where[] = "( SELECT 1 FROM `{$condition['table']}` $x WHERE $on LIMIT 1 ) IS NOT NULL";
			} else {
				$joins .= " STRAIGHT_JOIN `{$condition['table']}` $x ON $on";
			}
		}
		return array( $joins, $where );
	}

	/**
	 * Returns the wanted segment as SQL over the table of people.
	 */
	private function segment_where() {
		global $wpdb;
		return '' === $this->segment ? '1=1' : $wpdb->prepare( 'p.segment = %s', $this->segment );
	}

	/**
	 * Returns the column of the wanted order.
	 */
	private function column() {
		$by = in_array( $this->args['orderby'], Wcflow_People::ORDERS, true ) ? $this->args['orderby'] : 'name';
		return 'name' === $by ? 'sort_name' : $by;
	}

	/**
	 * Returns the order as SQL.
	 */
	private function order() {
		$way    = 'desc' === strtolower( (string) $this->args['order'] ) ? 'DESC' : 'ASC';
		$column = $this->column();
		$more   = 'segment' === $column ? "p.sort_name $way, " : '';
		return "p.$column $way, {$more}p.person $way";
	}

	/**
	 * Returns the index that gives the wanted order.
	 */
	private function index() {
		$column = $this->column();
		if ( 'segment' === $column ) {
			return 'segment_sort_name';
		}
		return ( '' === $this->segment ? 'by_' : 'segment_' ) . $column;
	}

	/**
	 * Returns how many rows some SQL gives.
	 *
	 * @param string $sql SQL.
	 */
	private function count_sql( $sql ) {
		global $wpdb;
		return (int) $wpdb->get_var( "SELECT COUNT(*) FROM ( $sql ) m" ); // phpcs:ignore WordPress.DB
	}
}
